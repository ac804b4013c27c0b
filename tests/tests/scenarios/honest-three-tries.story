story An invocation that fails after its work, so Lambda tries it three times
rule protect
  takes ec2 ModifyInstanceAttribute
  runs protector
function protector as protector-role
  answers after 1s, to others only: ec2 ModifyInstanceAttribute on {resource} protect=true
  answers after 62s, to others only: ec2 ModifyInstanceAttribute on {resource} protect=true
  answers after 183s, to others only: ec2 ModifyInstanceAttribute on {resource} protect=true

at 0s every 10m, 12 times ann: ec2 ModifyInstanceAttribute on i-1 protect=false

expect protect at most suspect
