story An invocation that asks again until the interface is free
rule detach
  takes ec2 ModifyNetworkInterfaceAttribute, DeleteNetworkInterface
  runs cleaner
function cleaner as cleaner-role within 5m
  answers after 2s, 20 calls each 10s, to others only: ec2 DeleteNetworkInterface on {resource} refused
  answers after 205s, to others only: ec2 DeleteNetworkInterface on {resource}

at 0s every 1h, 3 times ann: ec2 ModifyNetworkInterfaceAttribute on eni-1 attached=no

expect detach left alone
