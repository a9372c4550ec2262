#!/usr/bin/env bash
# A conversation with curl: begin a session, add messages, find it again, share it.
#
#   GATEWAYZ_URL=http://127.0.0.1:8000 GATEWAYZ_API_KEY=gw_live_… bash conversation.sh
set -euo pipefail
: "${GATEWAYZ_URL:?} ${GATEWAYZ_API_KEY:?}"

# call METHOD PATH [BODY]: prints the answer; curl tries again what is safe to send again.
call() {
    curl --silent --show-error --fail-with-body --max-time 15 --retry 3 \
        --request "$1" "$GATEWAYZ_URL$2" \
        --header "Authorization: Bearer $GATEWAYZ_API_KEY" \
        --header "Idempotency-Key: $RANDOM-$RANDOM-$RANDOM-$$" \
        ${3:+--header "Content-Type: application/json" --data "$3"}
}

# field NAME: the first text of that name in the answer on stdin.
field() {
    grep -oE "\"$1\": ?\"[^\"]*" | sed -E 's/^"[^"]*": ?"//; q'
}

first_id() {
    grep -oE '"id": ?[0-9]+' | sed 's/[^0-9]//g; q'
}

session=$(call POST /v1/chat/sessions '{"title": "Holidays"}' | first_id)
call POST "/v1/chat/sessions/$session/messages" '{"role": "user", "content": "Where is it warm in May?"}' >/dev/null
call POST "/v1/chat/sessions/$session/messages" '{"role": "assistant", "content": "In Crete, for one."}' >/dev/null

call GET "/v1/chat/sessions/$session/export?format=markdown"
echo "Found: $(call POST /v1/chat/search '{"query": "crete"}' | field snippet)"
echo "Shared: $(call POST /v1/chat/share "{\"session_id\": $session}" | field share_url)"
call DELETE "/v1/chat/sessions/$session" >/dev/null
