# Makes the product's own user of the database and sets its password. Can be repeated.
set -eu
# What stands at psql's `:'name'` is quoted by psql, and what format() puts together by the server.
psql --no-psqlrc --set ON_ERROR_STOP=1 --set user="$PRODUCT_USER" --set database="$PGDATABASE" <<'SQL'
SELECT format('CREATE ROLE %I LOGIN', :'user') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'user') \gexec
SELECT format('GRANT %I TO CURRENT_USER', :'user') \gexec
SELECT format('ALTER DATABASE %I OWNER TO %I', :'database', :'user') \gexec
SQL
# psql itself makes the verifier, so that the password reaches no statement, and so no log of the server's.
printf '%s\n%s\n' "$PRODUCT_PASSWORD" "$PRODUCT_PASSWORD" |
  psql --no-psqlrc --set ON_ERROR_STOP=1 --command "\\password \"$PRODUCT_USER\""
echo "the user $PRODUCT_USER can sign in"
