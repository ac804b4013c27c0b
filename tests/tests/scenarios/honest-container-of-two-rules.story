story Container that two rules start, and answers one of them
rule convert
  takes s3 PutObject
  runs worker
rule jobs
  takes dynamodb UpdateItem
  runs worker
container worker as worker-role
  answers after 40s, to UpdateItem only: s3 PutObject on media/{n}

at 0s ann: s3 PutObject on media/in
at 60s every 3m, 14 times ann: dynamodb UpdateItem on jobs

expect convert left alone
expect jobs left alone
