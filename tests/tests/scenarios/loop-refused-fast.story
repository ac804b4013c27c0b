story Refused each second, without parameters
rule new-groups
  takes logs CreateLogGroup, PutRetentionPolicy
  runs retention
function retention as retention-role
  answers after 1s: logs PutRetentionPolicy refused unrecorded

at 0s ann: logs CreateLogGroup on web

expect new-groups cut by turns after 572 firings
