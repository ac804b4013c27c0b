story Calls that differ each time
# Not word for word the same: it could be work of many steps, so it takes ten.

rule rotate
  takes secretsmanager PutSecretValue
  runs rotator
function rotator as rotator-role
  answers after 30s: secretsmanager PutSecretValue on {resource} stage=v{n}

at 0s ann: secretsmanager PutSecretValue on db-password stage=first

expect rotate cut by echo after 11 firings
