story Converter that writes a new object each time, a turn every 5 s
rule convert
  takes s3 PutObject
  runs converter
function converter as converter-role
  answers after 5s: s3 PutObject on media/clip-{n}

at 0s ann: s3 PutObject on media/first
lasts 1h

expect convert cut by turns after 110 firings
