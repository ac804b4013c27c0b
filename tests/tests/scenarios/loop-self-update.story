story A function updates its own configuration
rule settings-changed
  takes lambda UpdateFunctionConfiguration
  runs tuner
function tuner as tuner-role
  inScopeOf on
  answers after 5s: lambda UpdateFunctionConfiguration functionName=tuner memory=512

at 0s ann: lambda UpdateFunctionConfiguration functionName=tuner memory=128

expect settings-changed cut by surplus after 9 firings
