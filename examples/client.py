"""A client of the gRPC service. Make the stubs first:

    pip install grpcio grpcio-tools
    python -m grpc_tools.protoc -I proto --python_out=. --grpc_python_out=. proto/scimdb/v1/*.proto
"""
import json

import grpc
from scimdb.v1 import list_pb2, resource_service_pb2_grpc, verbs_pb2

with grpc.insecure_channel("127.0.0.1:7644") as channel:
    scim = resource_service_pb2_grpc.ResourceServiceStub(channel)
    ann = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ann@example.com", "active": True}
    created = scim.Create(verbs_pb2.CreateRequest(resource_type="User", json=json.dumps(ann))).resource

    page = scim.List(list_pb2.ListRequest(resource_type="User", filter='userName sw "ann"', sort_by="userName", count=10))
    print(page.total_results, [json.loads(user.json)["userName"] for user in page.resources])

    scim.Delete(verbs_pb2.DeleteRequest(resource_type="User", id=created.id))
