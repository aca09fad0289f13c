module github.com/scimdb/scimdb/bindings/go

go 1.24
