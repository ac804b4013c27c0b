story Two calls in turn: attached and detached, every 8 s
rule revert-policies
  takes organizations AttachPolicy, DetachPolicy
  runs reverter
function reverter as reverter-role
  answers after 8s, to DetachPolicy only: organizations AttachPolicy policyId=p-1 targetId=ou-1
  answers after 8s, to AttachPolicy only: organizations DetachPolicy policyId=p-1 targetId=ou-1

at 0s ann: organizations DetachPolicy policyId=p-1 targetId=ou-1

expect revert-policies cut by surplus after 16 firings
