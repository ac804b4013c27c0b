story The rule of 5,000 AssumeRole calls a minute at 60,000
# Other people's calls, however many, are no proof.

rule assume-role
  takes sts AssumeRole
  runs auditor
  fired 5000 a minute for 14d
function auditor as auditor-role

at 0s every 0.001s, 16000 times worker/job: sts AssumeRole on role-{n}
batches of 500

expect assume-role suspect
