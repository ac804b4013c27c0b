story A call that is throttled four times and succeeds at the fifth attempt
rule protect
  takes ec2 ModifyInstanceAttribute
  runs protector
function protector as protector-role within 10s
  answers after 1s, 4 calls each 0.5s, to others only: ec2 ModifyInstanceAttribute on {resource} protect=true throttled
  answers after 4s, to others only: ec2 ModifyInstanceAttribute on {resource} protect=true

at 0s every 10m, 12 times ann: ec2 ModifyInstanceAttribute on i-1 protect=false

expect protect left alone
