package org.scimdb.clients;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.protobuf.ByteString;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import scimdb.v1.Import.ImportReport;
import scimdb.v1.Import.ImportRequest;
import scimdb.v1.Import.ImportResponse;
import scimdb.v1.Import.ImportRowError;
import scimdb.v1.Import.ImportSettings;
import scimdb.v1.Import.OnConflict;
import scimdb.v1.ProblemOuterClass.Problem;

/** One import: rows are sent while rejects come back. */
final class Importing implements StreamObserver<ImportResponse> {
    private final CompletableFuture<JsonObject> report = new CompletableFuture<>();
    private final JsonArray rejects = new JsonArray();
    private ImportReport last = ImportReport.getDefaultInstance();

    Importing(Scim scim, Asked asked) {
        String conflict = asked.option("onConflict").isEmpty() ? "fail" : asked.option("onConflict");
        ImportSettings settings = ImportSettings.newBuilder()
                .setTenant(asked.text("tenant"))
                .setResourceType(asked.option("resourceType"))
                .setOnConflict(OnConflict.valueOf("ON_CONFLICT_" + conflict.toUpperCase(Locale.ROOT)))
                .setRestore(Boolean.parseBoolean(asked.option("restore")))
                .build();
        StreamObserver<ImportRequest> rows = scim.streams.import_(this);
        rows.onNext(ImportRequest.newBuilder().setSettings(settings).build());
        for (String chunk : asked.texts("chunks")) {
            rows.onNext(ImportRequest.newBuilder()
                    .setChunk(ByteString.copyFromUtf8(chunk))
                    .build());
        }
        rows.onCompleted();
    }

    /** Waits for the report. */
    JsonObject report() throws InterruptedException {
        try {
            return report.get();
        } catch (ExecutionException failure) {
            if (failure.getCause() instanceof StatusRuntimeException refused) {
                throw refused;
            }
            throw new IllegalStateException(failure.getCause());
        }
    }

    @Override
    public void onNext(ImportResponse event) {
        switch (event.getEventCase()) {
            case ROW_ERROR -> rejects.add(reject(event.getRowError()));
            case REPORT -> last = event.getReport();
            default -> {}
        }
    }

    private static JsonObject reject(ImportRowError row) {
        Problem problem = row.getProblem();
        JsonObject error = new JsonObject();
        error.addProperty("scimType", problem.hasScimType() ? problem.getScimType() : null);
        error.addProperty("detail", problem.getDetail());
        error.addProperty("status", problem.getStatus());
        JsonObject reject = new JsonObject();
        reject.addProperty("row", row.getRow());
        reject.add("error", error);
        return reject;
    }

    @Override
    public void onError(Throwable failure) {
        report.completeExceptionally(failure);
    }

    @Override
    public void onCompleted() {
        JsonObject told = new JsonObject();
        told.addProperty("read", last.getRead());
        told.addProperty("created", last.getCreated());
        told.addProperty("replaced", last.getReplaced());
        told.addProperty("skipped", last.getSkipped());
        told.addProperty("rejected", last.getRejected());
        told.add("rejects", rejects);
        report.complete(told);
    }
}
