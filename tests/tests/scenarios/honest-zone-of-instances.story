story Instances come and go, a function keeps one zone
rule keep-zone
  takes ec2 RunInstances, TerminateInstances
  takes route53 ChangeResourceRecordSets
  runs zone-keeper
function zone-keeper as zone-keeper-role
  answers after 3s, to RunInstances only: route53 ChangeResourceRecordSets on zone-1 members=all
  answers after 3s, to TerminateInstances only: route53 ChangeResourceRecordSets on zone-1 members=all

at 0s every 100m, 14 times scaling/group: ec2 RunInstances on i-{n}
at 40m every 100m, 14 times scaling/group: ec2 TerminateInstances on i-{n}
lasts 1d

expect keep-zone left alone
