/** scimdb: an embedded SCIM 2.0 store (RFC 7643, RFC 7644). */
module org.scimdb {
    requires static transitive jdk.httpserver;

    exports org.scimdb;
}
