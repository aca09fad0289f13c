// Package clients has what a program would write around the stubs of grpc-go: the token in one place, and refusals
// taken apart.
package clients

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	scimdb "github.com/scimdb/scimdb/tests/clients/go/scimdbv1"
)

// Schemas of messages and resources.
const (
	UserSchema  = "urn:ietf:params:scim:schemas:core:2.0:User"
	PatchSchema = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
)

// Scim has the stubs of one connection.
type Scim struct {
	Resources scimdb.ResourceServiceClient
	Schemas   scimdb.SchemaServiceClient
	Admin     scimdb.AdminServiceClient

	connection *grpc.ClientConn
}

// Dial connects to a server without TLS; calls have the token, unless it is empty.
func Dial(address, token string) (*Scim, error) {
	options := []grpc.DialOption{grpc.WithTransportCredentials(insecure.NewCredentials())}
	if token != "" {
		options = append(options, grpc.WithPerRPCCredentials(bearer(token)))
	}
	connection, err := grpc.NewClient(address, options...)
	if err != nil {
		return nil, err
	}
	return &Scim{
		Resources:  scimdb.NewResourceServiceClient(connection),
		Schemas:    scimdb.NewSchemaServiceClient(connection),
		Admin:      scimdb.NewAdminServiceClient(connection),
		connection: connection,
	}, nil
}

// Close closes the connection.
func (s *Scim) Close() error { return s.connection.Close() }

// Refusal is a failed call, with the details of its status.
type Refusal struct {
	Code       codes.Code
	Detail     string
	Reason     string
	HTTPStatus int
	ScimType   *string
	Attribute  *string
	Offset     *int
	RequestID  string
}

// AsRefusal takes the status of a failed call apart.
func AsRefusal(err error) (*Refusal, error) {
	told, ok := status.FromError(err)
	if !ok || told.Code() == codes.OK {
		return nil, fmt.Errorf("no status: %w", err)
	}
	refusal := Refusal{Code: told.Code(), Detail: told.Message()}
	for _, detail := range told.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			refusal.Reason = detail.Reason
			if err := refusal.read(detail.Metadata); err != nil {
				return nil, err
			}
		case *errdetails.RequestInfo:
			refusal.RequestID = detail.RequestId
		}
	}
	if refusal.Reason == "" {
		return nil, errors.New("no ErrorInfo: " + told.String())
	}
	return &refusal, nil
}

func (r *Refusal) read(metadata map[string]string) error {
	var err error
	if r.HTTPStatus, err = strconv.Atoi(metadata["status"]); err != nil {
		return err
	}
	if scimType, ok := metadata["scimType"]; ok {
		r.ScimType = &scimType
	}
	if attribute, ok := metadata["attribute"]; ok {
		r.Attribute = &attribute
	}
	if text, ok := metadata["offset"]; ok {
		offset, err := strconv.Atoi(text)
		if err != nil {
			return err
		}
		r.Offset = &offset
	}
	return nil
}

// bearer sends a token with every call.
type bearer string

var _ credentials.PerRPCCredentials = bearer("")

// GetRequestMetadata gives the header that names the bearer (RFC 6750).
func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + string(b)}, nil
}

// RequireTransportSecurity is false: the tests' server is on loopback.
func (bearer) RequireTransportSecurity() bool { return false }
