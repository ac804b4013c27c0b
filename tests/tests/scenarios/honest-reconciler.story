story A reconciler on a schedule, which is the target of its own call's rule as well
# It knows its own calls. People change the settings now and then.

rule settings-changed
  takes lambda UpdateFunctionConfiguration
  runs reconciler
function reconciler as reconciler-role
  answers after 3s, to others only: lambda UpdateFunctionConfiguration on web memory=512

at 0s every 5m, 288 times reconciler: lambda UpdateFunctionConfiguration on web memory=512
at 47m every 5h, 4 times ann: lambda UpdateFunctionConfiguration on web memory=1024
lasts 1d

expect settings-changed at most suspect
expect settings-changed advice
