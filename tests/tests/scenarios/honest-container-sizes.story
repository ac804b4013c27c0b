story Converter in a container that writes 12 sizes of each upload
rule convert
  takes s3 PutObject
  runs converter
container converter as converter-role
  answers after 40s, 12 calls each 2s, to others only: s3 PutObject on {resource}.{k}

at 0s every 30m, 8 times ann: s3 PutObject on media/clip{n}

expect convert left alone
