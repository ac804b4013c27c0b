story Converter that may take 15 minutes and takes 5 s: a new object each turn
rule convert
  takes s3 PutObject
  runs converter
function converter as converter-role within 15m
  took 5s at most
  answers after 5s: s3 PutObject on media/clip-{n}

at 0s ann: s3 PutObject on media/first
lasts 4h

expect convert cut by turns after 218 firings
