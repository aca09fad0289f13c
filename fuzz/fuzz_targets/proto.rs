//! No bytes panic in the decoder of any request; what decodes encodes to the same message again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use prost::Message;
use scimdb::grpc::proto;

/// Decodes the bytes as each of these messages.
macro_rules! decode_each {
    ($bytes:expr, $($message:ident)*) => {
        $(if let Ok(message) = proto::$message::decode($bytes) {
            let again = proto::$message::decode(message.encode_to_vec().as_slice()).expect("what was encoded decodes");
            assert_eq!(again, message);
        })*
    };
}

fuzz_target!(|bytes: &[u8]| {
    decode_each!(bytes,
        GetRequest CreateRequest ReplaceRequest PatchRequest DeleteRequest
        ListRequest StreamListRequest ExplainRequest BulkRequest ImportRequest WatchRequest
        ListSchemasRequest ListResourceTypesRequest PutSchemasRequest RemoveSchemaRequest
        CreateTenantRequest ListTenantsRequest ConfigureTenantRequest DropTenantRequest
        CreateTokenRequest ListTokensRequest RevokeTokenRequest TenantStatsRequest StatsRequest
    );
});
