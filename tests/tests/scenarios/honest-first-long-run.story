story Converter that always took 5 s works for 14 minutes, an object every 5 s
rule convert
  takes s3 PutObject
  runs converter
function converter as converter-role within 15m
  took 5s at most
  answers after 5s, 167 calls each 5s, to others only: s3 PutObject on media/clip-{n}-{k}

at 0s ann: s3 PutObject on media/first

expect convert at most suspect
