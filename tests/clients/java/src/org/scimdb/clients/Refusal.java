package org.scimdb.clients;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RequestInfo;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.util.List;
import java.util.Map;

/** A failed call, with the details of its status; what it does not tell is null. */
public record Refusal(
        Status.Code code,
        String detail,
        String reason,
        int httpStatus,
        String scimType,
        String attribute,
        Integer offset,
        String requestId) {

    /**
     * Takes the status of a failed call apart.
     *
     * @throws IllegalArgumentException if it has no details, so that it is no refusal of the store
     */
    public static Refusal of(StatusRuntimeException failure) {
        com.google.rpc.Status told = StatusProto.fromThrowable(failure);
        ErrorInfo info = null;
        String requestId = null;
        try {
            for (Any detail : told == null ? List.<Any>of() : told.getDetailsList()) {
                if (detail.is(ErrorInfo.class)) {
                    info = detail.unpack(ErrorInfo.class);
                } else if (detail.is(RequestInfo.class)) {
                    requestId = detail.unpack(RequestInfo.class).getRequestId();
                }
            }
        } catch (InvalidProtocolBufferException exception) {
            throw new IllegalArgumentException(exception);
        }
        if (info == null) {
            throw new IllegalArgumentException("no ErrorInfo", failure);
        }
        Map<String, String> more = info.getMetadataMap();
        String offset = more.get("offset");
        return new Refusal(
                failure.getStatus().getCode(),
                told.getMessage(),
                info.getReason(),
                Integer.parseInt(more.get("status")),
                more.get("scimType"),
                more.get("attribute"),
                offset == null ? null : Integer.valueOf(offset),
                requestId);
    }
}
