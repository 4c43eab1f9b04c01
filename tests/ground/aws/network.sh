#!/bin/bash
# Makes a network as a customer has one, and prints the answers that name it: public subnets lead to the internet, others nowhere.
set -eu
made() { aws ec2 "$@" --output text; }
vpc=$(made create-vpc --cidr-block 10.50.0.0/16 --query Vpc.VpcId)
aws ec2 modify-vpc-attribute --vpc-id "$vpc" --enable-dns-support
aws ec2 modify-vpc-attribute --vpc-id "$vpc" --enable-dns-hostnames
gateway=$(made create-internet-gateway --query InternetGateway.InternetGatewayId)
aws ec2 attach-internet-gateway --vpc-id "$vpc" --internet-gateway-id "$gateway"
table=$(made create-route-table --vpc-id "$vpc" --query RouteTable.RouteTableId)
aws ec2 create-route --route-table-id "$table" --destination-cidr-block 0.0.0.0/0 --gateway-id "$gateway" > /dev/null
echo "vpc_id: $vpc"
number=0
for kind in public private isolated; do
  subnets=()
  for zone in a b; do
    number=$((number + 1))
    subnet=$(made create-subnet --vpc-id "$vpc" --cidr-block "10.50.$number.0/24" --availability-zone "$AWS_REGION$zone" --query Subnet.SubnetId)
    [ "$kind" != public ] || aws ec2 associate-route-table --route-table-id "$table" --subnet-id "$subnet" > /dev/null
    subnets+=("$subnet")
  done
  echo "${kind}_subnets: [${subnets[0]}, ${subnets[1]}]"
done
