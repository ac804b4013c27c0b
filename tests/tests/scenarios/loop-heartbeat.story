story A heartbeat a minute that nothing declares
rule keep-waiting
  takes autoscaling EnterStandby, RecordLifecycleActionHeartbeat
  runs drainer
function drainer as drainer-role within 2m
  answers after 60s, 45 times only: autoscaling RecordLifecycleActionHeartbeat on group-1 hook=drain

at 0s autoscaling.amazonaws.com: autoscaling EnterStandby on group-1

expect keep-waiting cut by surplus after 9 firings
