story A concurrency limit: 150 uploads at once, one answer every ten seconds
rule shrink-images
  takes s3 PutObject
  runs shrinker behind uploads
function shrinker as shrinker-role within 30s
  one call each 10s
  answers after 2s, to others only: s3 PutObject on {resource}.small

at 0s every 0.1s, 150 times uploader/app: s3 PutObject on images/i-{n}

expect shrink-images at most suspect
