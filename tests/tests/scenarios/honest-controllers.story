story Controllers of a cluster write 150 times a minute, as for weeks
rule interfaces
  takes ec2
  runs watcher
  fired 150 a minute for 14d
function watcher as watcher-role

at 0s every 0.4s, 1500 times controller/kube: ec2 AssignPrivateIpAddresses on eni-{n}
batches of 20

expect interfaces left alone
