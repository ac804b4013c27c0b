story All AssumeRole calls, 5,000 a minute for weeks, on the day the guard is installed
rule assume-role
  takes sts AssumeRole
  runs auditor
  fired 5000 a minute for 14d
function auditor as auditor-role

at 0s every 0.012s, 10000 times worker/job: sts AssumeRole on role-{n}
batches of 500

expect assume-role left alone
