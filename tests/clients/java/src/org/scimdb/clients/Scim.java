package org.scimdb.clients;

import io.grpc.CallCredentials;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import scimdb.v1.AdminServiceGrpc;
import scimdb.v1.AdminServiceGrpc.AdminServiceBlockingStub;
import scimdb.v1.ResourceServiceGrpc;
import scimdb.v1.ResourceServiceGrpc.ResourceServiceBlockingStub;
import scimdb.v1.ResourceServiceGrpc.ResourceServiceStub;
import scimdb.v1.SchemaServiceGrpc;
import scimdb.v1.SchemaServiceGrpc.SchemaServiceBlockingStub;

/** What a program would write around the stubs of grpc-java: one connection, and the token in one place. */
public final class Scim implements AutoCloseable {
    private static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

    private final ManagedChannel channel;
    public final ResourceServiceBlockingStub resources;
    public final ResourceServiceStub streams;
    public final SchemaServiceBlockingStub schemas;
    public final AdminServiceBlockingStub admin;

    /** Connects to a server without TLS; calls have the token, unless it is null. */
    public Scim(String address, String token) {
        channel = Grpc.newChannelBuilder(address, InsecureChannelCredentials.create()).build();
        CallCredentials bearer = token == null ? null : new Bearer(token);
        resources = ResourceServiceGrpc.newBlockingStub(channel).withCallCredentials(bearer);
        streams = ResourceServiceGrpc.newStub(channel).withCallCredentials(bearer);
        schemas = SchemaServiceGrpc.newBlockingStub(channel).withCallCredentials(bearer);
        admin = AdminServiceGrpc.newBlockingStub(channel).withCallCredentials(bearer);
    }

    @Override
    public void close() throws InterruptedException {
        channel.shutdownNow().awaitTermination(30, TimeUnit.SECONDS);
    }

    /** Sends a token with every call (RFC 6750). */
    private static final class Bearer extends CallCredentials {
        private final Metadata headers = new Metadata();

        Bearer(String token) {
            headers.put(AUTHORIZATION, "Bearer " + token);
        }

        @Override
        public void applyRequestMetadata(RequestInfo call, Executor executor, MetadataApplier applier) {
            applier.apply(headers);
        }
    }
}
