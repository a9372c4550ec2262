#!/bin/sh
# Creates the roles with their passwords in a new database; `manage.py grant_roles` grants them their
# rights.
set -eu
psql --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --set ON_ERROR_STOP=1 \
    --set web="$WEB_PASSWORD" --set worker="$WORKER_PASSWORD" <<'SQL'
CREATE ROLE gatewayz_migrator NOLOGIN;
CREATE ROLE gatewayz_web LOGIN PASSWORD :'web';
CREATE ROLE gatewayz_worker LOGIN PASSWORD :'worker';
SQL
