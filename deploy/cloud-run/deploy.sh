#!/usr/bin/env bash
# Ingest -> Pub/Sub -> worker on Cloud Run, in one command. Run it again for every update: what is there is brought up to date.
#   deploy/cloud-run/deploy.sh --project my-project --region europe-west1 --env-file .env [--dry-run]
# The file has the settings of examples/cloud-worker/.env.example. Secrets go from it to Secret Manager by standard input: none is
# an argument of a command, and none is printed. --dry-run prints the commands and executes none.
set -euo pipefail

project='' region='' env_file='' dry_run=false image=''
usage='Usage: deploy.sh --project <id> --region <region> --env-file <file> [--image <image>] [--dry-run]'
while (($#)); do
  case $1 in
    --project | --region | --env-file | --image)
      [[ $# -ge 2 ]] || { echo "$1 needs a value. $usage" >&2; exit 2; }
      declare "$(tr - _ <<<"${1#--}")=$2"
      shift 2
      ;;
    --dry-run) dry_run=true; shift ;;
    *) echo "There is no $1. $usage" >&2; exit 2 ;;
  esac
done
[[ $project && $region && $env_file ]] || { echo "$usage" >&2; exit 2; }
[[ -r $env_file ]] || { echo "There is no file $env_file that can be read." >&2; exit 2; }

ingest='wa-agent-ingest'
worker='wa-agent-worker'
pusher='wa-agent-push'
repository='wa-agent'
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# Which settings are secrets, and who may read them. The ingest makes the same transports as the worker, and so has their tokens.
transport_secrets=(META_APP_SECRET META_VERIFY_TOKEN META_ACCESS_TOKEN MAYTAPI_API_KEY MAYTAPI_WEBHOOK_SECRET
  AISENSY_PROJECT_PASSWORD AISENSY_ACCESS_TOKEN AISENSY_WEBHOOK_SECRET SPOKI_API_KEY SPOKI_WEBHOOK_SECRET)
worker_secrets=("${transport_secrets[@]}" DATABASE_URL ADMIN_API_KEY OPENAI_API_KEY)
both_plain=(TRANSPORTS LOG_LEVEL WINDOW_TEMPLATE WINDOW_TEMPLATE_LANGUAGE META_PHONE_NUMBER_ID META_BASE_URL MAYTAPI_PRODUCT_ID
  MAYTAPI_PHONE_ID MAYTAPI_BASE_URL MAYTAPI_HANDOFF AISENSY_PROJECT_ID AISENSY_BASE_URL SPOKI_BASE_URL SPOKI_WINDOW_TEMPLATE
  SPOKI_HANDOFF)
worker_plain=("${both_plain[@]}" OPENAI_BASE_URL OPENAI_MODEL WORKER_CONCURRENCY DATABASE_POOL)

# What a setting has in the file; nothing where it is missing or blank. The last one counts, quotes around it do not.
setting() {
  local line
  line=$(grep -E "^[[:space:]]*(export[[:space:]]+)?$1=" "$env_file" | tail -n 1) || return 0
  line=${line#*=}
  line=${line%$'\r'}
  line="${line#"${line%%[![:space:]]*}"}"
  line="${line%"${line##*[![:space:]]}"}"
  case $line in \"*\" | \'*\') line=${line:1:${#line}-2} ;; esac
  printf '%s' "$line"
}

for name in TRANSPORTS DATABASE_URL ADMIN_API_KEY; do
  [[ $(setting "$name") ]] || { echo "$name is missing in $env_file." >&2; exit 2; }
done

topic=$(setting PUBSUB_TOPIC)
topic=${topic:-whatsapp-prop8t-message-processing}
subscription=$(setting PUBSUB_SUBSCRIPTION)
subscription=${subscription:-$topic-sub}
dead_topic="$topic-dead"
dead_subscription="$subscription-dead"

# Of instances behind one address Prometheus would read one at random.
[[ -z $(setting METRICS) ]] || echo "METRICS is left out: on Cloud Run watch what docs/deploy.md names." >&2

cloud() {
  if $dry_run; then printf '%q ' gcloud "$@" "--project=$project"; echo; else gcloud "$@" "--project=$project"; fi
}

# Is it there already? Nothing is asked in a dry run: it shows how everything is made.
there() {
  $dry_run && return 1
  gcloud "$@" "--project=$project" >/dev/null 2>&1
}

# make <what to describe> -- <how to create it>
make() {
  local found=()
  while [[ $1 != -- ]]; do found+=("$1"); shift; done
  shift
  there "${found[@]}" || cloud "$@"
}

account() { echo "$1@$project.iam.gserviceaccount.com"; }

# allow <member> <role> <command that adds it>; adding the same again changes nothing.
allow() {
  local member=$1 role=$2
  shift 2
  set -- "$@" "--member=$member" "--role=$role" --quiet
  if $dry_run; then cloud "$@"; return; fi
  # gcloud prints the whole policy. An account that was made just now is not known everywhere for some seconds.
  for _ in 1 2 3 4 5; do
    cloud "$@" >/dev/null && return
    sleep 5
  done
  cloud "$@" >/dev/null
}

number_of_project() {
  if $dry_run; then echo 000000000000; else gcloud projects describe "$project" '--format=value(projectNumber)'; fi
}

url_of_worker() {
  # Known before the service is there.
  echo "https://$worker-$project_number.$region.run.app"
}

enable_services() {
  cloud services enable run.googleapis.com pubsub.googleapis.com secretmanager.googleapis.com \
    artifactregistry.googleapis.com cloudbuild.googleapis.com
}

make_accounts() {
  local name
  for name in "$ingest" "$worker" "$pusher"; do
    make iam service-accounts describe "$(account "$name")" -- iam service-accounts create "$name" "--display-name=$name"
  done
}

# A new version only where the value is another one.
make_secrets() {
  local name value
  for name in "${worker_secrets[@]}"; do
    value=$(setting "$name")
    [[ $value ]] || continue
    make secrets describe "$name" -- secrets create "$name" --replication-policy=automatic
    if $dry_run; then
      cloud secrets versions add "$name" --data-file=-
    elif [[ $(gcloud secrets versions access latest "--secret=$name" "--project=$project" 2>/dev/null) != "$value" ]]; then
      printf '%s' "$value" | cloud secrets versions add "$name" --data-file=-
    fi
    allow "serviceAccount:$(account "$worker")" roles/secretmanager.secretAccessor secrets add-iam-policy-binding "$name"
  done
  for name in "${transport_secrets[@]}"; do
    [[ $(setting "$name") ]] || continue
    allow "serviceAccount:$(account "$ingest")" roles/secretmanager.secretAccessor secrets add-iam-policy-binding "$name"
  done
}

make_topics() {
  local name
  for name in "$topic" "$dead_topic"; do make pubsub topics describe "$name" -- pubsub topics create "$name"; done
  # What nobody takes out of it would vanish. It never expires: by default a subscription does after 31 days without use.
  make pubsub subscriptions describe "$dead_subscription" -- pubsub subscriptions create "$dead_subscription" \
    "--topic=$dead_topic" --message-retention-duration=31d --expiration-period=never --ack-deadline=60
  allow "serviceAccount:$(account "$ingest")" roles/pubsub.publisher pubsub topics add-iam-policy-binding "$topic"
  # The worker buries what failed for good, and brings it back when somebody says so.
  allow "serviceAccount:$(account "$worker")" roles/pubsub.publisher pubsub topics add-iam-policy-binding "$topic"
  allow "serviceAccount:$(account "$worker")" roles/pubsub.publisher pubsub topics add-iam-policy-binding "$dead_topic"
  allow "serviceAccount:$(account "$worker")" roles/pubsub.subscriber pubsub subscriptions add-iam-policy-binding \
    "$dead_subscription"
}

build_image() {
  make artifacts repositories describe "$repository" "--location=$region" -- artifacts repositories create "$repository" \
    "--location=$region" --repository-format=docker
  cloud builds submit "$root" "--config=$root/deploy/cloud-run/cloudbuild.yaml" "--substitutions=_IMAGE=$image" \
    --ignore-file=deploy/docker/Dockerfile.dockerignore
}

# The settings that are set, each after a |, which parts them in an argument of gcloud that begins with ^|^.
set_of() {
  local pairs='' name value
  for name in "$@"; do
    value=$(setting "$name")
    [[ -z $value ]] || pairs+="|$name=$value"
  done
  printf '%s' "$pairs"
}

secrets_of() {
  local pairs=() name
  for name in "$@"; do [[ -z $(setting "$name") ]] || pairs+=("$name=$name:latest"); done
  (IFS=,; printf '%s' "${pairs[*]}")
}

queue_settings="QUEUE=pubsub|PUBSUB_PROJECT=$project|PUBSUB_TOPIC=$topic|PUBSUB_SUBSCRIPTION=$subscription|TRUSTED_PROXIES=1"

# Anybody may call it: each webhook proves itself by a signature or a token. It is started to be small: docs/performance.md.
deploy_ingest() {
  cloud run deploy "$ingest" "--image=$image" "--region=$region" "--service-account=$(account "$ingest")" \
    --memory=512Mi --cpu=1 --min-instances=1 --max-instances=20 --concurrency=80 --timeout=60 --allow-unauthenticated \
    --command=node "--args=--optimize-for-size,--liftoff-only,examples/cloud-worker/dist/index.js" \
    --startup-probe=httpGet.path=/health,periodSeconds=2,failureThreshold=30 --liveness-probe=httpGet.path=/health \
    "--set-env-vars=^|^ROLE=ingest|$queue_settings$(set_of "${both_plain[@]}")" \
    "--set-secrets=$(secrets_of "${transport_secrets[@]}")" --quiet
}

# Cloud Run would take the signature off the token that it checks, so the worker checks Pub/Sub's token itself, and internal ingress
# keeps others away. The processor is not throttled: turns go on after the push that brought them was answered.
deploy_worker() {
  local push
  push="PUBSUB_PUSH_AUDIENCE=$worker_url|PUBSUB_PUSH_ACCOUNT=$(account "$pusher")|PUBSUB_PUSH_ENDPOINT=$worker_url/pubsub"
  cloud run deploy "$worker" "--image=$image" "--region=$region" "--service-account=$(account "$worker")" \
    --memory=1Gi --cpu=2 --min-instances=1 --max-instances=15 --concurrency=80 --timeout=900 --no-cpu-throttling \
    --allow-unauthenticated --ingress=internal \
    --startup-probe=httpGet.path=/health,periodSeconds=2,failureThreshold=30 --liveness-probe=httpGet.path=/health \
    "--set-env-vars=^|^ROLE=worker|$queue_settings|$push$(set_of "${worker_plain[@]}")" \
    "--set-secrets=$(secrets_of "${worker_secrets[@]}")" --quiet
}

# After the worker, so that the first push finds it, and before the ingest: a topic without a subscription keeps nothing.
make_subscription() {
  local push=("--push-endpoint=$worker_url/pubsub" "--push-auth-service-account=$(account "$pusher")"
    "--push-auth-token-audience=$worker_url")
  local policy=(--ack-deadline=600 --message-retention-duration=31d --expiration-period=never
    --min-retry-delay=2s --max-retry-delay=600s "--dead-letter-topic=$dead_topic" --max-delivery-attempts=100)
  local pubsub="serviceAccount:service-$project_number@gcp-sa-pubsub.iam.gserviceaccount.com"
  if there pubsub subscriptions describe "$subscription"; then
    cloud pubsub subscriptions update "$subscription" "${push[@]}" "${policy[@]}"
  else
    # The order in a conversation rests on it, and it cannot be turned on later.
    cloud pubsub subscriptions create "$subscription" "--topic=$topic" --enable-message-ordering "${push[@]}" "${policy[@]}"
  fi
  # Pub/Sub itself makes the token, moves what was delivered too often, and takes it off the subscription.
  allow "$pubsub" roles/iam.serviceAccountTokenCreator iam service-accounts add-iam-policy-binding "$(account "$pusher")"
  allow "$pubsub" roles/pubsub.publisher pubsub topics add-iam-policy-binding "$dead_topic"
  allow "$pubsub" roles/pubsub.subscriber pubsub subscriptions add-iam-policy-binding "$subscription"
  # To see how it is set and whether somebody has paused it.
  allow "serviceAccount:$(account "$worker")" roles/pubsub.viewer pubsub subscriptions add-iam-policy-binding "$subscription"
}

project_number=$(number_of_project)
worker_url=$(url_of_worker)
enable_services
make_accounts
make_secrets
make_topics
if [[ -z $image ]]; then
  image="$region-docker.pkg.dev/$project/$repository/cloud-worker:$(git -C "$root" describe --always --dirty --abbrev=12 2>/dev/null || date -u +%Y%m%d%H%M%S)"
  build_image
fi
deploy_worker
make_subscription
deploy_ingest
$dry_run || echo "Webhooks: https://$ingest-$project_number.$region.run.app/webhooks/<transport>/main"
