story A job that runs by a schedule of a minute, made after the last change by a person
# Without the schedule in the directory this is a heartbeat that nothing declares, and cut.

rule keep-fresh
  takes s3 PutObject
  runs keeper
rule every-minute
  wakes by rate(1 minute)
  runs keeper
function keeper as keeper-role

at 0s ann: s3 PutObject on media/config
at 40s every 60s, 90 times keeper: s3 PutObject on media/index same=yes

expect keep-fresh left alone
expect every-minute left alone
