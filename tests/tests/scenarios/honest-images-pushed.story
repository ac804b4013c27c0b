story Twenty images are pushed, each is rolled out by one service
rule roll-out
  takes ecr PutImage
  takes ecs UpdateService
  runs roller
function roller as roller-role
  answers after 4s, to PutImage only: ecs UpdateService on web force=true

at 0s every 2m, 20 times build/push: ecr PutImage on image-{n}

expect roll-out left alone
