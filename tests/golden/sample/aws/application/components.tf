# What runs of Notes 1.0.0, and all that it is told. Secrets are references to Secrets Manager.

locals {
  components = {
    api = {
      cpu     = 256
      memory  = 512
      user    = "65532:65532"
      command = ["api"]
      ports = {
        http = { number = 8081, protocol = "http" }
      }
      health = {
        command      = ["CMD", "/app/notes", "probe", "http://127.0.0.1:8081/healthz/liveness"]
        interval     = 10
        start_period = 20
      }
      stop_seconds  = 30
      grace_seconds = 20
      scaling       = { min = 1, max = 3 }
      target = {
        port    = 8081
        version = "HTTP1"
        health  = { path = "/healthz/readiness", interval = 10 }
        routes  = [{ priority = 9600, paths = ["/api", "/api/*"] }]
      }
      connected  = true
      offers     = { http = 8081 }
      callers    = ["web"]
      uses       = ["database", "cache"]
      egress     = []
      statements = []
      environment = {
        NOTES_CA_FILE                 = "/run/certificates/database.pem"
        NOTES_DATABASE_HOST           = var.data.database.host
        NOTES_DATABASE_NAME           = "notes"
        NOTES_DATABASE_PASSWORD_FILE  = "/run/secrets/landfall/database_password"
        NOTES_DATABASE_PORT           = var.data.database.port
        NOTES_DATABASE_TLS            = "verify-full"
        NOTES_DATABASE_USER           = "notes"
        NOTES_LICENSE_FILE            = "/run/secrets/landfall/license_token"
        NOTES_LISTEN                  = "0.0.0.0:8081"
        NOTES_OBJECTS                 = "s3://notes?region=eu-west-1"
        NOTES_OBJECTS_ACCESS_KEY_FILE = "/run/secrets/landfall/objects_access_key"
        NOTES_OBJECTS_SECRET_KEY_FILE = "/run/secrets/landfall/objects_secret_key"
      }
      secrets = { NOTES_CACHE_URL = module.composed.secret_arns["api-notes_cache_url"] }
      files = {
        "/run/certificates/database.pem"           = { text = local.database_ca }
        "/run/secrets/landfall/database_password"  = { secret = var.data.secret_arns["database_password"] }
        "/run/secrets/landfall/license_token"      = { secret = var.data.secret_arns["license_token"] }
        "/run/secrets/landfall/objects_access_key" = { secret = var.data.secret_arns["objects_access_key"] }
        "/run/secrets/landfall/objects_secret_key" = { secret = var.data.secret_arns["objects_secret_key"] }
      }
    }
    web = {
      cpu     = 256
      memory  = 512
      user    = "65532:65532"
      command = ["web"]
      ports = {
        http = { number = 8082, protocol = "http" }
      }
      health        = null
      stop_seconds  = 30
      grace_seconds = 20
      scaling       = { min = 1, max = 3 }
      target = {
        port    = 8082
        version = "HTTP1"
        health  = { path = "/healthz/readiness", interval = 10 }
        routes  = [{ priority = 9900, paths = ["/*"] }]
      }
      connected  = true
      offers     = {}
      callers    = []
      uses       = []
      egress     = []
      statements = []
      environment = {
        NOTES_API_URL          = "http://api:8081"
        NOTES_LISTEN           = "0.0.0.0:8082"
        NOTES_SESSION_KEY_FILE = "/run/secrets/landfall/session_key"
      }
      secrets = {}
      files = {
        "/run/secrets/landfall/session_key" = { secret = var.data.secret_arns["session_key"] }
      }
    }
    worker = {
      cpu     = 256
      memory  = 512
      user    = "65532:65532"
      command = ["worker"]
      ports = {
        http = { number = 8083, protocol = "http" }
      }
      health        = null
      stop_seconds  = 30
      grace_seconds = 20
      scaling       = { min = 1, max = 1 }
      target        = null
      connected     = false
      offers        = {}
      callers       = []
      uses          = ["database"]
      egress        = []
      statements    = []
      environment = {
        NOTES_CA_FILE                = "/run/certificates/database.pem"
        NOTES_DATABASE_HOST          = var.data.database.host
        NOTES_DATABASE_NAME          = "notes"
        NOTES_DATABASE_PASSWORD_FILE = "/run/secrets/landfall/database_password"
        NOTES_DATABASE_PORT          = var.data.database.port
        NOTES_DATABASE_TLS           = "verify-full"
        NOTES_DATABASE_USER          = "notes"
        NOTES_LISTEN                 = "0.0.0.0:8083"
      }
      secrets = {}
      files = {
        "/run/certificates/database.pem"          = { text = local.database_ca }
        "/run/secrets/landfall/database_password" = { secret = var.data.secret_arns["database_password"] }
      }
    }
  }
}
