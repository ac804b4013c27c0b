story A pipeline that takes role and name of a function which AWS names itself
# Once AWS has named the function in a record, a session's name proves nothing.

rule deployments
  takes ecs UpdateService
  runs switcher
function switcher as switcher-role
  inScopeOf on
  answers after 2s, to traffic=green only: ecs UpdateService on web traffic=blue

at 0s ann: ecs UpdateService on web traffic=green
at 20s every 20s, 12 times switcher-role/switcher: ecs UpdateService on web force=true

expect deployments left alone
