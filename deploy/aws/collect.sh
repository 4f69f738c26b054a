#!/usr/bin/env bash
# Collects what `xks-probe preflight --account FILE.json` judges, where the agent itself may not call AWS.
# Read-only: describe and get calls alone, each printed before it is made. Needs bash and the AWS CLI.
#
#   deploy/aws/collect.sh --region eu-west-1 (--key-store cks-… | --service com.amazonaws.vpce.…) > account.json
set -euo pipefail

region="" key_store="" service=""
while [ $# -gt 0 ]; do
  case "$1" in
    --region) region="${2:?--region: write a Region after it}"; shift 2 ;;
    --key-store) key_store="${2:?--key-store: write its id after it}"; shift 2 ;;
    --service) service="${2:?--service: write its name after it}"; shift 2 ;;
    *) echo "collect.sh: $1 is unknown; use --region, --key-store, --service" >&2; exit 2 ;;
  esac
done
[ -n "$region" ] || { echo "collect.sh: say --region eu-west-1" >&2; exit 2; }
[ -n "$key_store$service" ] || { echo "collect.sh: say --key-store cks-… or --service com.amazonaws.vpce.…" >&2; exit 2; }

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
first=1

escaped() { tr -d '\000-\037' | sed 's/\\/\\\\/g; s/"/\\"/g' | cut -c1-500; }

# call SERVICE OPERATION PARAMETERS-AS-JSON CLI-COMMAND [ARGUMENT…]: one entry of "calls"; the answer is in $work/answer.
call() {
  local of="$1" operation="$2" parameters="$3"
  shift 3
  echo "aws $of $*" >&2
  [ "$first" = 1 ] || printf ',\n'
  first=0
  printf '{"service":"%s","operation":"%s","parameters":%s,' "$of" "$operation" "$parameters"
  if aws "$of" "$@" --region "$region" --output json >"$work/answer" 2>"$work/error"; then
    [ -s "$work/answer" ] || echo '{}' >"$work/answer"
    printf '"answer":'
    cat "$work/answer"
    printf '}'
  else
    local code
    code="$(sed -n 's/.*An error occurred (\([A-Za-z.]*\)).*/\1/p' "$work/error" | head -n 1)"
    printf '"error":{"code":"%s","message":"%s"}}' "${code:-Failed}" "$(escaped <"$work/error")"
  fi
}

# asked SERVICE QUERY COMMAND…: words out of an answer, none if it fails. These calls were recorded already.
asked() {
  local of="$1" query="$2"
  shift 2
  aws "$of" "$@" --region "$region" --query "$query" --output text 2>/dev/null | tr '\t' '\n' | grep -v '^None$' || true
}

printf '{"schema_version":1,"taken_at":"%s","region":"%s","calls":[\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$region"
call sts GetCallerIdentity '{}' get-caller-identity
call kms DescribeCustomKeyStores '{}' describe-custom-key-stores
if [ -z "$service" ]; then
  service="$(asked kms "CustomKeyStores[?CustomKeyStoreId=='$key_store'].XksProxyConfiguration.VpcEndpointServiceName" \
    describe-custom-key-stores | head -n 1)"
fi
call ec2 DescribeVpcEndpointServiceConfigurations '{}' describe-vpc-endpoint-service-configurations
id="$(asked ec2 "ServiceConfigurations[?ServiceName=='$service'].ServiceId" \
  describe-vpc-endpoint-service-configurations | head -n 1)"

if [ -z "$id" ]; then
  [ -z "$service" ] || call ec2 DescribeVpcEndpointServices "{\"ServiceNames\":[\"$service\"]}" \
    describe-vpc-endpoint-services --service-names "$service"
else
  call ec2 DescribeVpcEndpointServicePermissions "{\"ServiceId\":\"$id\"}" \
    describe-vpc-endpoint-service-permissions --service-id "$id"
  call ec2 DescribeVpcEndpointConnections "{\"Filters\":[{\"Name\":\"service-id\",\"Values\":[\"$id\"]}]}" \
    describe-vpc-endpoint-connections --filters "Name=service-id,Values=$id"
  mapfile -t balancers < <(asked ec2 "ServiceConfigurations[?ServiceId=='$id'].NetworkLoadBalancerArns[]" \
    describe-vpc-endpoint-service-configurations | head -n 16)
  if [ "${#balancers[@]}" -gt 0 ]; then
    quoted="$(printf '"%s",' "${balancers[@]}")"
    call elbv2 DescribeLoadBalancers "{\"LoadBalancerArns\":[${quoted%,}]}" \
      describe-load-balancers --load-balancer-arns "${balancers[@]}"
    groups=()
    for arn in "${balancers[@]}"; do
      call elbv2 DescribeLoadBalancerAttributes "{\"LoadBalancerArn\":\"$arn\"}" \
        describe-load-balancer-attributes --load-balancer-arn "$arn"
      call elbv2 DescribeListeners "{\"LoadBalancerArn\":\"$arn\"}" describe-listeners --load-balancer-arn "$arn"
      call elbv2 DescribeTargetGroups "{\"LoadBalancerArn\":\"$arn\"}" \
        describe-target-groups --load-balancer-arn "$arn"
      mapfile -t found < <(asked elbv2 'TargetGroups[].TargetGroupArn' describe-target-groups --load-balancer-arn "$arn")
      groups+=("${found[@]}")
      description="ELB ${arn#*:loadbalancer/}"
      call ec2 DescribeNetworkInterfaces "{\"Filters\":[{\"Name\":\"description\",\"Values\":[\"$description\"]}]}" \
        describe-network-interfaces --filters "Name=description,Values=$description"
    done
    for arn in "${groups[@]:0:32}"; do
      call elbv2 DescribeTargetHealth "{\"TargetGroupArn\":\"$arn\"}" describe-target-health --target-group-arn "$arn"
      call elbv2 DescribeTargetGroupAttributes "{\"TargetGroupArn\":\"$arn\"}" \
        describe-target-group-attributes --target-group-arn "$arn"
    done
    mapfile -t vpcs < <(asked elbv2 'LoadBalancers[].VpcId' describe-load-balancers \
      --load-balancer-arns "${balancers[@]}" | awk '!seen[$0]++')
    mapfile -t security < <(asked elbv2 'LoadBalancers[].SecurityGroups[]' describe-load-balancers \
      --load-balancer-arns "${balancers[@]}" | awk '!seen[$0]++')
    if [ "${#vpcs[@]}" -gt 0 ]; then
      quoted="$(printf '"%s",' "${vpcs[@]}")"
      call ec2 DescribeVpcs "{\"VpcIds\":[${quoted%,}]}" describe-vpcs --vpc-ids "${vpcs[@]}"
    fi
    if [ "${#security[@]}" -gt 0 ]; then
      quoted="$(printf '"%s",' "${security[@]}")"
      call ec2 DescribeSecurityGroups "{\"GroupIds\":[${quoted%,}]}" describe-security-groups --group-ids "${security[@]}"
    fi
    for vpc in "${vpcs[@]}"; do
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
fi
printf '\n]}\n'
