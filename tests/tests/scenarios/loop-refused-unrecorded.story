story Refused each turn, without parameters, every 20 s
rule detach-admin
  takes iam AttachUserPolicy, DetachUserPolicy
  runs detacher behind findings
function detacher as detacher-role
  answers after 20s: iam DetachUserPolicy on {resource} refused unrecorded

at 0s ann: iam AttachUserPolicy on bob

expect detach-admin cut by turns after 29 firings
