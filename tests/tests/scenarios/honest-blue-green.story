story Blue/green: sessions of the pipeline are named like the function, with another role
rule deployments
  takes ecs UpdateService
  runs switcher
function switcher as switcher-role
  answers after 2s, to others only: ecs UpdateService on web traffic=blue

at 0s every 5m, 12 times pipeline-role/switcher: ecs UpdateService on web traffic=green

expect deployments left alone
