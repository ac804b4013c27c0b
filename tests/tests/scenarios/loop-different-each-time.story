story Calls that differ each time, a turn every 30 s
# Not word for word the same: only the turns show it.

rule rotate
  takes secretsmanager PutSecretValue
  runs rotator
function rotator as rotator-role
  answers after 30s: secretsmanager PutSecretValue on {resource} stage=v{n}

at 0s ann: secretsmanager PutSecretValue on db-password stage=first

expect rotate cut by turns after 20 firings
