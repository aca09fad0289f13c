module github.com/scimdb/scimdb/examples/go

go 1.24

require github.com/scimdb/scimdb/bindings/go v0.1.0

replace github.com/scimdb/scimdb/bindings/go => ../../bindings/go
