story Somebody fails to sign in 300 times
# Whoever can cause a firing without any right must not switch a rule off.

rule sign-ins
  takes signin ConsoleLogin
  runs alarm
rule sign-ins-elsewhere
  takes signin ConsoleLogin
  sends to queue alarms
function alarm as alarm-role

at 0s every 0.1s, 300 times mallory: signin ConsoleLogin result=Failure refused

expect sign-ins left alone
expect sign-ins-elsewhere left alone
