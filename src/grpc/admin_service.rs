//! `scimdb.v1.AdminService`: tenants, tokens, counts.

use tonic::{Request, Response, Status};

use super::call::unary;
use super::convert::{duration, given, scope, tenant_counts, tenant_options, token};
use super::proto;
use super::proto::admin_service_server::AdminService;
use crate::engine::{NewToken, Scope, StoreStats, TokenOptions};
use crate::server::Gate;
use crate::{Error, ErrorKind, Result};

/// The service.
pub(super) struct Administration {
    gate: Gate,
}

impl Administration {
    pub(super) fn new(gate: Gate) -> Self {
        Administration { gate }
    }
}

type Answer<T> = std::result::Result<Response<T>, Status>;

#[tonic::async_trait]
impl AdminService for Administration {
    async fn create_tenant(&self, request: Request<proto::CreateTenantRequest>) -> Answer<proto::CreateTenantResponse> {
        unary(&self.gate, "AdminService/CreateTenant", Scope::Admin, request, |caller, message| {
            let proto::CreateTenantRequest { tenant, settings } = message;
            caller.store().create_tenant(named(&tenant)?, tenant_options(settings)?)?;
            Ok(proto::CreateTenantResponse {})
        })
        .await
    }

    async fn list_tenants(&self, request: Request<proto::ListTenantsRequest>) -> Answer<proto::ListTenantsResponse> {
        unary(&self.gate, "AdminService/ListTenants", Scope::Admin, request, |caller, message| {
            let proto::ListTenantsRequest {} = message;
            Ok(proto::ListTenantsResponse { tenants: caller.store().tenants()? })
        })
        .await
    }

    async fn get_tenant(&self, request: Request<proto::GetTenantRequest>) -> Answer<proto::GetTenantResponse> {
        unary(&self.gate, "AdminService/GetTenant", Scope::Admin, request, |caller, message| {
            let proto::GetTenantRequest { tenant } = message;
            let profile = caller.store().tenant(named(&tenant)?)?.profile()?;
            let settings = proto::TenantSettings { profile: profile.text().to_owned() };
            Ok(proto::GetTenantResponse { settings: Some(settings) })
        })
        .await
    }

    async fn configure_tenant(
        &self,
        request: Request<proto::ConfigureTenantRequest>,
    ) -> Answer<proto::ConfigureTenantResponse> {
        unary(&self.gate, "AdminService/ConfigureTenant", Scope::Admin, request, |caller, message| {
            let proto::ConfigureTenantRequest { tenant, settings } = message;
            caller.store().configure_tenant(named(&tenant)?, tenant_options(settings)?)?;
            Ok(proto::ConfigureTenantResponse {})
        })
        .await
    }

    async fn drop_tenant(&self, request: Request<proto::DropTenantRequest>) -> Answer<proto::DropTenantResponse> {
        unary(&self.gate, "AdminService/DropTenant", Scope::Admin, request, |caller, message| {
            let proto::DropTenantRequest { tenant } = message;
            caller.store().drop_tenant(named(&tenant)?)?;
            Ok(proto::DropTenantResponse {})
        })
        .await
    }

    async fn create_token(&self, request: Request<proto::CreateTokenRequest>) -> Answer<proto::CreateTokenResponse> {
        unary(&self.gate, "AdminService/CreateToken", Scope::Admin, request, |caller, message| {
            let proto::CreateTokenRequest { tenant: _, name, scope: value, lifetime, subject, permissions } = message;
            let options = TokenOptions {
                // What permissions allow may be to write.
                scope: if value == 0 && !permissions.is_empty() { Scope::Write } else { scope(value)? },
                lifetime: lifetime.map(|lifetime| duration("lifetime", lifetime)).transpose()?,
                subject: given(subject.unwrap_or_default()),
                permissions,
            };
            let NewToken { name: _, secret } = caller.tenant()?.create_token(&name, options)?;
            Ok(proto::CreateTokenResponse { secret })
        })
        .await
    }

    async fn list_tokens(&self, request: Request<proto::ListTokensRequest>) -> Answer<proto::ListTokensResponse> {
        unary(&self.gate, "AdminService/ListTokens", Scope::Admin, request, |caller, message| {
            let proto::ListTokensRequest { tenant: _ } = message;
            let tokens = caller.tenant()?.tokens()?;
            Ok(proto::ListTokensResponse { tokens: tokens.into_iter().map(token).collect() })
        })
        .await
    }

    async fn revoke_token(&self, request: Request<proto::RevokeTokenRequest>) -> Answer<proto::RevokeTokenResponse> {
        unary(&self.gate, "AdminService/RevokeToken", Scope::Admin, request, |caller, message| {
            let proto::RevokeTokenRequest { tenant: _, name } = message;
            caller.tenant()?.revoke_token(&name)?;
            Ok(proto::RevokeTokenResponse {})
        })
        .await
    }

    async fn regenerate_token(
        &self,
        request: Request<proto::RegenerateTokenRequest>,
    ) -> Answer<proto::RegenerateTokenResponse> {
        unary(&self.gate, "AdminService/RegenerateToken", Scope::Admin, request, |caller, message| {
            let proto::RegenerateTokenRequest { tenant: _, name } = message;
            let NewToken { name: _, secret } = caller.tenant()?.regenerate_token(&name)?;
            Ok(proto::RegenerateTokenResponse { secret })
        })
        .await
    }

    async fn tenant_stats(&self, request: Request<proto::TenantStatsRequest>) -> Answer<proto::TenantStatsResponse> {
        unary(&self.gate, "AdminService/TenantStats", Scope::Read, request, |caller, message| {
            let proto::TenantStatsRequest { tenant: _ } = message;
            Ok(proto::TenantStatsResponse { counts: Some(tenant_counts(caller.tenant()?.stats()?)) })
        })
        .await
    }

    async fn stats(&self, request: Request<proto::StatsRequest>) -> Answer<proto::StatsResponse> {
        unary(&self.gate, "AdminService/Stats", Scope::Admin, request, |caller, message| {
            let proto::StatsRequest {} = message;
            let StoreStats { file_bytes, sequence, tenants } = caller.store().stats()?;
            let tenants = tenants.into_iter().map(tenant_counts).collect();
            Ok(proto::StatsResponse { file_bytes, sequence, tenants })
        })
        .await
    }
}

/// A tenant to administer is named: nobody drops the default one by forgetting a field.
fn named(tenant: &str) -> Result<&str> {
    if tenant.is_empty() {
        return Err(Error::new(ErrorKind::InvalidArgument, "name the tenant: here, an empty name is not the default"));
    }
    Ok(tenant)
}
