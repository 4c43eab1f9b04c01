# Texts with secrets in them, such as URLs with a password, are secrets of their own: put together here, kept in
# Secrets Manager, and in no state and no plan.

locals {
  composed = {
    api-notes_cache_url = {
      title = "NOTES_CACHE_URL of API"
      text  = "rediss://:%s@${var.data.cache.host}:${var.data.cache.port}"
      with  = ["cache_password:url"]
    }
  }

  # Values that were given in the environment, and the same escaped for a URL.
  given = merge(var.secret_values, {
    for name, value in var.secret_values : "${name}:url" => replace(urlencode(value), "+", "%20")
  })
}

module "composed" {
  source      = "../modules/secrets"
  name        = var.name
  kms_key_arn = var.foundation.key_arns["secrets"]
  secrets = { for key, it in local.composed : key => {
    description = it.title
    # Another number as soon as the text is another one, or a secret in it was changed.
    revision = 1 + parseint(substr(sha256(jsonencode([
      it.text, [for name in it.with : lookup(var.secret_revisions, trimsuffix(name, ":url"), 1)],
    ])), 0, 7), 16)
  } }
  # Whoever changes nothing here need not know the secrets.
  values = { for key, it in local.composed : key => try(format(it.text, [for name in it.with : local.given[name]]...), "") }
}
