# What runs of FlowGuard 1.0.0, and all that it is told. Secrets are references to Secrets Manager.

locals {
  components = {
    api = {
      cpu     = 512
      memory  = 2048
      user    = "65532:65532"
      command = null
      ports = {
        http = { number = 8080, protocol = "http" }
      }
      health        = null
      stop_seconds  = 30
      grace_seconds = 60
      scaling       = { min = 2, max = 6 }
      target = {
        port    = 8080
        version = "HTTP1"
        health  = { path = "/health/ready", interval = 10 }
        routes = [
          { priority = 9600, paths = ["/api", "/api/*"] },
          { priority = 9500, paths = ["/hubs", "/hubs/*"] },
          { priority = 9200, paths = ["/scim/v2", "/scim/v2/*"] },
        ]
      }
      connected  = true
      offers     = { http = 8080 }
      callers    = ["web", "runtime"]
      uses       = ["database", "cache"]
      egress     = []
      statements = var.data.objects.statements
      environment = {
        ASPNETCORE_HTTP_PORTS = "8080"
        Ai__Endpoint          = "https://ai.acme.internal/v1"
        Ai__Provider          = "openai_compatible"
        App__Url              = "https://flowguard.acme.com"
        Database__Host        = var.data.database.host
        Database__Name        = "flowguard"
        Database__Port        = var.data.database.port
        Database__Provider    = "postgresql"
        Database__Tls         = "verify-full"
        Database__User        = "flowguard"
        License__PhoneHome    = "false"
        Scim__Enabled         = "false"
        SignalR__Redis__Host  = var.data.cache.host
        SignalR__Redis__Port  = var.data.cache.port
        SignalR__Redis__Tls   = "true"
        Storage__Bucket       = var.data.objects.bucket
        Storage__Provider     = "s3"
        Storage__Region       = "eu-west-1"
      }
      secrets = {
        App__SigningKey          = var.data.secret_arns["signing_key"]
        Database__Password       = var.data.secret_arns["database_password"]
        License__Token           = var.data.secret_arns["license_token"]
        SignalR__Redis__Password = var.data.secret_arns["cache_password"]
      }
      files = {}
    }
    runtime = {
      cpu     = 1024
      memory  = 3072
      user    = "65532:65532"
      command = ["listen"]
      ports = {
        http = { number = 8082, protocol = "http" }
      }
      health        = null
      stop_seconds  = 120
      grace_seconds = 60
      scaling       = { min = 1, max = 4 }
      target        = null
      connected     = true
      offers        = {}
      callers       = []
      uses          = []
      egress        = []
      statements    = []
      environment = {
        FLOWGUARD_AI_ENDPOINT = "https://ai.acme.internal/v1"
        FLOWGUARD_AI_PROVIDER = "openai_compatible"
        FLOWGUARD_HEALTH_PORT = "8082"
        FLOWGUARD_SERVER_URL  = "http://api:8080"
      }
      secrets = {}
      files   = {}
    }
    web = {
      cpu     = 256
      memory  = 512
      user    = "65532:65532"
      command = null
      ports = {
        http = { number = 8081, protocol = "http" }
      }
      health        = null
      stop_seconds  = 30
      grace_seconds = 60
      scaling       = { min = 2, max = 4 }
      target = {
        port    = 8081
        version = "HTTP1"
        health  = { path = "/health/ready", interval = 10 }
        routes  = [{ priority = 9900, paths = ["/*"] }]
      }
      connected   = true
      offers      = {}
      callers     = []
      uses        = []
      egress      = []
      statements  = []
      environment = { API_URL = "http://api:8080", PORT = "8081" }
      secrets     = {}
      files       = {}
    }
  }
}
