#!/usr/bin/env bash
# Collects the AWS configuration for `xks-probe preflight --account FILE.json`, for an agent that has no access to the
# AWS API. Makes only describe and get calls, and prints each one before it makes it. Needs bash and the AWS CLI.
#
#   deploy/aws/collect.sh --region eu-west-1 (--key-store cks-… | --service com.amazonaws.vpce.…) > account.json
#
# Runs with Bash 3.2 (macOS), which has no mapfile and treats an empty array as an unset variable. So lists are
# words separated by spaces; `asked` returns only words without special characters.
set -efuo pipefail
export LC_ALL=C AWS_PAGER="" AWS_CLI_AUTO_PROMPT=off AWS_CLI_OUTPUT_ENCODING=UTF-8 PYTHONIOENCODING=UTF-8
export AWS_CLI_ERROR_FORMAT=legacy # other formats have no "An error occurred (CODE)"

refuse() { echo "collect.sh: $1" >&2; exit 2; }

region="" key_store="" service=""
while [ $# -gt 0 ]; do
  case "$1" in
    --region | --key-store | --service) [ -n "${2-}" ] || refuse "$1 needs a value" ;;
  esac
  case "$1" in
    --region) region="$2"; shift 2 ;;
    --key-store) key_store="$2"; shift 2 ;;
    --service) service="$2"; shift 2 ;;
    *) refuse "unknown option $1; the options are --region, --key-store and --service" ;;
  esac
done
[ -n "$region" ] || refuse "--region is required, as in --region eu-west-1"
[ -n "$key_store$service" ] || refuse "--key-store cks-… or --service com.amazonaws.vpce.… is required"
case "$region$key_store$service" in
  *[!a-z0-9.-]*) refuse "a Region, a key store id and a service name may contain only a-z, 0-9, '.' and '-'" ;;
esac
command -v aws >/dev/null || refuse "the AWS CLI (aws) was not found in PATH"

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
first=1 made=0 failed=0

# AWS's error message without the text that the AWS CLI adds, as the content of a JSON string: printable ASCII,
# truncated, then escaped.
escaped() {
  tr -c '\040-\176' ' ' |
    sed 's/^.*An error occurred ([^)]*) when calling the [A-Za-z0-9]* operation\( (reached max retries: [0-9]*)\)*: //' |
    cut -c 1-500 | sed 's/^ *//; s/ *$//; s/\\/\\\\/g; s/"/\\"/g'
}

listed() { printf '"%s",' "$@" | sed 's/,$//'; }

commas() { echo "$*" | tr ' ' ','; }

# once MAXIMUM WORD…: the words without repetitions, at most so many, separated by spaces.
once() {
  local most="$1"
  shift
  [ $# -gt 0 ] || return 0
  printf '%s\n' "$@" | awk '!seen[$0]++' | head -n "$most" | tr '\n' ' ' | sed 's/ $//'
}

is_object() { [ "$(head -c 1 "$1")" = "{" ] && [ "$(tail -c 2 "$1" | tr -d '\n' | tail -c 1)" = "}" ]; }

# call SERVICE OPERATION PARAMETERS-AS-JSON CLI-COMMAND [ARGUMENT…]: one entry of "calls".
call() {
  local of="$1" operation="$2" parameters="$3" code
  shift 3
  echo "aws $of $*" >&2
  [ "$first" = 1 ] || printf ',\n'
  first=0
  printf '{"service":"%s","operation":"%s","parameters":%s,' "$of" "$operation" "$parameters"
  made=$((made + 1))
  # On Windows, the AWS CLI ends lines with CR LF.
  if ! aws "$of" "$@" --region "$region" --output json 2>"$work/error" | tr -d '\r' >"$work/answer"; then
    failed=$((failed + 1))
    [ -e "$work/first-error" ] || cp "$work/error" "$work/first-error"
    code="$(sed -n 's/.*An error occurred (\([A-Za-z0-9._-]*\)).*/\1/p' "$work/error" | head -n 1)"
    if grep -q "Unable to locate credentials" "$work/error"; then code=NoCredentials; fi
    printf '"error":{"code":"%s","message":"%s"}}' "${code:-Failed}" "$(escaped <"$work/error")"
  elif [ ! -s "$work/answer" ]; then
    printf '"answer":{}}'
  elif is_object "$work/answer"; then
    printf '"answer":'
    cat "$work/answer"
    printf '}'
  else
    printf '"error":{"code":"Failed","message":"the AWS CLI did not print a JSON object"}}'
  fi
}

# asked SERVICE QUERY COMMAND…: words from an answer, none if the call fails. Bash cannot parse JSON but the AWS CLI
# can, so a call that was recorded is made a second time.
asked() {
  local of="$1" query="$2"
  shift 2
  echo "aws $of $*" >&2
  aws "$of" "$@" --region "$region" --query "$query" --output text 2>/dev/null |
    tr -d '\r' | tr '\t' '\n' | grep -E '^[A-Za-z0-9:/._-]+$' | grep -vx None | awk '!seen[$0]++' || true
}

printf '{"schema_version":1,"taken_at":"%s","region":"%s","calls":[\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$region"
call sts GetCallerIdentity '{}' get-caller-identity
call kms DescribeCustomKeyStores '{}' describe-custom-key-stores
if [ -z "$service" ]; then
  service="$(asked kms "CustomKeyStores[?CustomKeyStoreId=='$key_store'].XksProxyConfiguration.VpcEndpointServiceName" \
    describe-custom-key-stores | head -n 1)"
fi
call ec2 DescribeVpcEndpointServiceConfigurations '{}' describe-vpc-endpoint-service-configurations
id=""
if [ -n "$service" ]; then
  id="$(asked ec2 "ServiceConfigurations[?ServiceName=='$service'].ServiceId" \
    describe-vpc-endpoint-service-configurations | head -n 1)"
fi

if [ -z "$id" ]; then
  [ -z "$service" ] || call ec2 DescribeVpcEndpointServices "{\"ServiceNames\":[\"$service\"]}" \
    describe-vpc-endpoint-services --service-names "$service"
else
  call ec2 DescribeVpcEndpointServicePermissions "{\"ServiceId\":\"$id\"}" \
    describe-vpc-endpoint-service-permissions --service-id "$id"
  call ec2 DescribeVpcEndpointConnections "{\"Filters\":[{\"Name\":\"service-id\",\"Values\":[\"$id\"]}]}" \
    describe-vpc-endpoint-connections --filters "Name=service-id,Values=$id"
  balancers="$(asked ec2 "ServiceConfigurations[?ServiceId=='$id'].NetworkLoadBalancerArns[]" \
    describe-vpc-endpoint-service-configurations | head -n 16)"
  vpcs="" security="" groups="" kinds=""
  if [ -n "$balancers" ]; then
    # shellcheck disable=SC2086  # lists of words, here and below
    call elbv2 DescribeLoadBalancers "{\"LoadBalancerArns\":[$(listed $balancers)]}" \
      describe-load-balancers --load-balancer-arns $balancers
    # shellcheck disable=SC2086
    vpcs="$(asked elbv2 'LoadBalancers[].VpcId' describe-load-balancers --load-balancer-arns $balancers)"
    # shellcheck disable=SC2086
    security="$(asked elbv2 'LoadBalancers[].SecurityGroups[]' describe-load-balancers --load-balancer-arns $balancers)"
  fi
  for arn in $balancers; do
    call elbv2 DescribeLoadBalancerAttributes "{\"LoadBalancerArn\":\"$arn\"}" \
      describe-load-balancer-attributes --load-balancer-arn "$arn"
    call elbv2 DescribeListeners "{\"LoadBalancerArn\":\"$arn\"}" describe-listeners --load-balancer-arn "$arn"
    call elbv2 DescribeTargetGroups "{\"LoadBalancerArn\":\"$arn\"}" \
      describe-target-groups --load-balancer-arn "$arn"
    groups="$groups $(asked elbv2 'TargetGroups[].TargetGroupArn' describe-target-groups --load-balancer-arn "$arn")"
    kinds="$kinds $(asked elbv2 "TargetGroups[].join(':', [TargetType, TargetGroupArn])" \
      describe-target-groups --load-balancer-arn "$arn")"
    description="ELB ${arn#*:loadbalancer/}"
    call ec2 DescribeNetworkInterfaces "{\"Filters\":[{\"Name\":\"description\",\"Values\":[\"$description\"]}]}" \
      describe-network-interfaces --filters "Name=description,Values=$description"
  done
  dualstack=""
  if [ -n "$balancers" ]; then
    # shellcheck disable=SC2086
    dualstack="$(asked elbv2 "LoadBalancers[?IpAddressType=='dualstack'].LoadBalancerArn" \
      describe-load-balancers --load-balancer-arns $balancers)"
  fi
  for arn in $dualstack; do # only these can have rules
    for listener in $(asked elbv2 'Listeners[?Port==`443`].ListenerArn' describe-listeners --load-balancer-arn "$arn"); do
      call elbv2 DescribeRules "{\"ListenerArn\":\"$listener\"}" describe-rules --listener-arn "$listener"
    done
  done
  # shellcheck disable=SC2086
  for arn in $(printf '%s\n' $groups | head -n 32); do
    call elbv2 DescribeTargetHealth "{\"TargetGroupArn\":\"$arn\"}" describe-target-health --target-group-arn "$arn"
    call elbv2 DescribeTargetGroupAttributes "{\"TargetGroupArn\":\"$arn\"}" \
      describe-target-group-attributes --target-group-arn "$arn"
  done
  # What stands behind targets that are instances, load balancers, or addresses that see the client's own address.
  instances="" albs="" addresses=""
  # shellcheck disable=SC2086
  for arn in $(printf '%s\n' $groups | head -n 32); do
    ids="$(asked elbv2 'TargetHealthDescriptions[].Target.Id' describe-target-health --target-group-arn "$arn")"
    case "$kinds" in
      *instance:"$arn"*) instances="$instances $ids" ;;
      *alb:"$arn"*) albs="$albs $ids" ;;
      *)
        if [ -n "$(asked elbv2 "Attributes[?Key=='preserve_client_ip.enabled'&&Value=='true'].Key" \
          describe-target-group-attributes --target-group-arn "$arn")" ]; then addresses="$addresses $ids"; fi
        ;;
    esac
  done
  hosts=""
  # shellcheck disable=SC2086
  instances="$(once 200 $instances)" albs="$(once 4 $albs)" addresses="$(once 200 $addresses)"
  # shellcheck disable=SC2086
  if [ -n "$instances" ]; then
    call ec2 DescribeInstances "{\"Filters\":[{\"Name\":\"instance-id\",\"Values\":[$(listed $instances)]}]}" \
      describe-instances --filters "Name=instance-id,Values=$(commas $instances)"
    hosts="$(asked ec2 'Reservations[].Instances[].SecurityGroups[].GroupId' \
      describe-instances --filters "Name=instance-id,Values=$(commas $instances)")"
  fi
  # shellcheck disable=SC2086
  if [ -n "$addresses" ] && [ -n "$vpcs" ]; then
    in_vpcs="{\"Name\":\"vpc-id\",\"Values\":[$(listed $vpcs)]}"
    call ec2 DescribeNetworkInterfaces \
      "{\"Filters\":[$in_vpcs,{\"Name\":\"private-ip-address\",\"Values\":[$(listed $addresses)]}]}" \
      describe-network-interfaces --filters "Name=vpc-id,Values=$(commas $vpcs)" \
      "Name=private-ip-address,Values=$(commas $addresses)"
    hosts="$hosts $(asked ec2 'NetworkInterfaces[].Groups[].GroupId' describe-network-interfaces \
      --filters "Name=vpc-id,Values=$(commas $vpcs)" "Name=private-ip-address,Values=$(commas $addresses)")"
  fi
  # shellcheck disable=SC2086
  if [ -n "$albs" ]; then
    call elbv2 DescribeLoadBalancers "{\"LoadBalancerArns\":[$(listed $albs)]}" \
      describe-load-balancers --load-balancer-arns $albs
  fi
  behind=""
  for arn in $albs; do
    call elbv2 DescribeTargetGroups "{\"LoadBalancerArn\":\"$arn\"}" \
      describe-target-groups --load-balancer-arn "$arn"
    behind="$behind $(asked elbv2 'TargetGroups[].TargetGroupArn' describe-target-groups --load-balancer-arn "$arn")"
  done
  # shellcheck disable=SC2086
  for arn in $(once 16 $behind); do
    call elbv2 DescribeTargetHealth "{\"TargetGroupArn\":\"$arn\"}" describe-target-health --target-group-arn "$arn"
  done
  # shellcheck disable=SC2086
  hosts="$(once 200 $hosts)"
  if [ -n "$hosts" ]; then
    # shellcheck disable=SC2086
    call ec2 DescribeSecurityGroups "{\"GroupIds\":[$(listed $hosts)]}" describe-security-groups --group-ids $hosts
  fi
  if [ -n "$vpcs" ]; then
    # shellcheck disable=SC2086
    call ec2 DescribeVpcs "{\"VpcIds\":[$(listed $vpcs)]}" describe-vpcs --vpc-ids $vpcs
  fi
  if [ -n "$security" ]; then
    # shellcheck disable=SC2086
    call ec2 DescribeSecurityGroups "{\"GroupIds\":[$(listed $security)]}" describe-security-groups --group-ids $security
  fi
  for vpc in $vpcs; do
    filters="{\"Filters\":[{\"Name\":\"vpc-id\",\"Values\":[\"$vpc\"]}]}"
    for attribute in enableDnsSupport enableDnsHostnames; do
      call ec2 DescribeVpcAttribute "{\"VpcId\":\"$vpc\",\"Attribute\":\"$attribute\"}" \
        describe-vpc-attribute --vpc-id "$vpc" --attribute "$attribute"
    done
    call ec2 DescribeSubnets "$filters" describe-subnets --filters "Name=vpc-id,Values=$vpc"
    call ec2 DescribeRouteTables "$filters" describe-route-tables --filters "Name=vpc-id,Values=$vpc"
    call ec2 DescribeNetworkAcls "$filters" describe-network-acls --filters "Name=vpc-id,Values=$vpc"
  done
fi

# What AWS measured itself in the last hour: the queries of probe/aws/cloudwatch.py.
quote="'"
# search ID METRIC STATISTIC DIMENSION…: a query for all metrics of the key store with that name.
search() {
  local of="$1" metric="$2" statistic="$3" label="" dimension
  shift 3
  for dimension in "$@"; do label="$label${label:+ }\${PROP(${quote}Dim.$dimension$quote)}"; done
  printf '{"Id":"%s","Expression":"SEARCH(%s' "$of" "$quote"
  printf 'Namespace=\\"AWS/KMS\\" MetricName=\\"%s\\" CustomKeyStoreId=\\"%s\\"' "$metric" "$key_store"
  printf '%s, %s, 300)","Label":"%s"},' "$quote" "$quote$statistic$quote" "$label"
}
# metric ID METRIC STATISTIC: a query for a metric of the endpoint service.
metric() {
  printf '{"Id":"%s","MetricStat":{"Metric":{"Namespace":"AWS/PrivateLinkServices","MetricName":"%s",' "$1" "$2"
  printf '"Dimensions":[{"Name":"Service Id","Value":"%s"}]},"Period":300,"Stat":"%s"}},' "$id" "$3"
}
queries=""
if [ -n "$key_store" ]; then
  queries="$(
    search certificate_days XksProxyCertificateDaysToExpire Minimum CertificateName
    search errors XksProxyErrors Sum ExceptionName
    search key_managers XksExternalKeyManagerStates Maximum XksExternalKeyManagerState
    search latency_average XksProxyLatency Average KmsOperation XksOperation
    search latency_count XksProxyLatency SampleCount KmsOperation XksOperation
    search latency_maximum XksProxyLatency Maximum KmsOperation XksOperation
    search latency_p99 XksProxyLatency p99 KmsOperation XksOperation
  )"
fi
if [ -n "$id" ]; then
  queries="$queries$(
    metric active_connections ActiveConnections Maximum
    metric endpoints EndpointsCount Maximum
    metric new_connections NewConnections Sum
    metric resets_sent RstPacketsSent Sum
  )"
fi
if [ -n "$queries" ]; then
  end=$(($(date +%s) / 300 * 300))
  call cloudwatch GetMetricData "{\"MetricDataQueries\":[${queries%,}]}" get-metric-data \
    --metric-data-queries "[${queries%,}]" --start-time $((end - 3600)) --end-time $end
fi
printf '\n]}\n'

if [ "$failed" = "$made" ]; then
  echo "collect.sh: all $made calls failed, so the file says nothing about the account; the first error:" >&2
  head -c 500 "$work/first-error" >&2
  exit 1
fi
if [ -z "$service" ]; then
  echo "collect.sh: $region has no external key store $key_store with an endpoint service, or it could not be read" >&2
  exit 1
fi
