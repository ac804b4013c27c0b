story A heartbeat of 45 minutes that its tag declares
rule keep-waiting
  takes autoscaling EnterStandby, RecordLifecycleActionHeartbeat
  runs drainer
  tag turns=100
function drainer as drainer-role within 2m
  answers after 60s, 45 times only: autoscaling RecordLifecycleActionHeartbeat on group-1 hook=drain

at 0s autoscaling.amazonaws.com: autoscaling EnterStandby on group-1

expect keep-waiting left alone
