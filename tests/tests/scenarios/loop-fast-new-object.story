story Converter that writes five new objects a second
rule convert
  takes s3 PutObject
  runs converter
function converter as converter-role
  answers after 0.2s: s3 PutObject on media/clip-{n}

at 0s ann: s3 PutObject on media/first
lasts 10m

expect convert cut by rate after 321 firings
