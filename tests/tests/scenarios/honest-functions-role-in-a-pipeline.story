story A pipeline deploys eleven times a day with the role of the function
rule deployments
  takes ecs UpdateService
  runs deployer
function deployer as deployer-role

at 0s every 40m, 11 times deployer-role/release: ecs UpdateService on web forceNewDeployment=true
lasts 8h

expect deployments left alone
