story Every fifth turn is throttled, a turn every 8 s
rule revert-policies
  takes organizations AttachPolicy, DetachPolicy, UpdatePolicy
  runs reverter
function reverter as reverter-role
  answers after 8s, not every 5th time: organizations UpdatePolicy on p-1 content=standard
  answers after 8s, every 5th time: organizations UpdatePolicy throttled unrecorded

at 0s ann: organizations UpdatePolicy on p-1 content=open

expect revert-policies cut by surplus after 11 firings
