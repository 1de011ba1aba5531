// Printed by tools/name-data/generate.ts out of the data files of Unicode 17.0: not edited by hand.
// Copyright © 1991–2025 Unicode, Inc. Unicode License v3, https://www.unicode.org/license.txt

/** Script sets as UTS 39, 5.1 augments them, by index; `*` goes with every script. */
export const SCRIPT_SETS =
  'Latn Beng+Cyrl+Deva+Latn+Thai Cyrl+Grek+Latn Cyrl+Latn Latn+Thai Hebr+Latn Armn+Cyrl+Grek+Hebr+Latn *' +
  ' Jpan+Kana+Latn Grek Cyrl Armn Hebr Arab Thaa Deva Beng Guru Gujr Orya Taml Telu Knda Mlym Sinh Thai Laoo Tibt' +
  ' Mymr Geor Ethi Khmr Hanb+Hani+Jpan+Kore Hira+Jpan Jpan+Kana Hira+Jpan+Kana Hang+Kore';

/** Letters and marks: "gap length 2·set+isMark", in base 36. */
export const LETTERS =
  '1t q 0 6 q 0 1x n 0 1 v 0 1 s 0 2 m 0 2 4 0 2 4 0 1 6 0 2 8 0 1 4 0 2 6 0 2 a 0 2 r 0 2 1 0 4 1 0 2 2 0 3 5 0 1' +
  ' 1 0 1 4 0 3 1 0 2 2 0 d 2 0 1 3 0 2 1 0 l 8 0 8 1 0 8 4 0 4 2 0 8 2 0 u 4 0 14 1 0 7 2 0 5 2 0 1 2 0 1 1 0 1 1' +
  ' 0 7 1 0 4 2 0 8 1 0 m 1 0 1 1 0 6 1 0 14 1 0 0 1 2 1v 2 5 0 1 7 0 1 9 0 1 5 1 1 5 0 1 b 0 1 d 0 2 1 0 1 7 0 1 1' +
  ' e 1 f 7 1 h 2 3 f 8 1 9 2c 1 i 1 3 i 1 1 i 1 k i 1 18 i 1e c k 1 1u k 1 c k 1 2 k 1c c k 2 8 k 2 g k 2 7 k e b' +
  ' k 2 e k 4 8 k 2 2 k 16 2 k b 12 m a 13 m 20 r o 1h r q 2 1 q 3 a q 0 8 r 1 2 r q 1 r 1 1 q 1 1 q 4 n q 1 a q 4' +
  ' 2 q 1 1 q 1 8 q 1 5 q 1 1 q 1 3 q 2 5 q 1 k q 1 1 q o 2 q f 1 q 29 2 q 3 1 q 9 1 q 1 2 q 2 3 q 1 1 q 3 4 q e 12' +
  ' s 0 b t 0 1 s 65 1 q g 1 q 1 8 q h 8 q 4 1 q 1l 3 v 1 7 u 1 s u 1 a u 1 5 u 0 3 v 1 6 v 1 9 v 1 1 v 6 2 v q 6 u' +
  ' 3 2 u 1 2 u 1 3 x 1 7 w 3 2 w 2 m w 1 7 w 1 1 w 3 4 w 2 1 x 1 7 x 2 2 x 2 3 x 0 1 w x 2 w g 1 z 2 6 y 4 2 y 2 m' +
  ' y 1 7 y 1 1 y 2 1 y 2 2 y 2 1 z 1 5 z 4 2 z 2 3 z e 1 y j 2 z g 2 11 1 9 10 1 3 10 1 m 10 1 7 10 1 2 10 1 5 10' +
  ' 2 1 11 1 8 11 1 3 11 1 3 11 1f 3 13 1 7 12 3 2 12 2 m 12 1 7 12 1 2 12 2 4 12 2 1 13 1 6 13 3 2 13 2 3 13 8 1' +
  ' 13 8 1 12 h 1 12 h 1 14 1 6 14 3 3 14 1 4 14 3 2 14 1 1 14 1 2 14 3 2 14 3 3 14 3 c 14 4 5 15 3 3 15 1 4 15 1g' +
  ' 2 17 1 7 16 2 3 16 1 n 16 1 7 16 1 2 16 1 5 16 4 7 17 1 3 17 1 4 17 1g 2 19 1 7 18 2 3 18 1 n 18 1 7 18 1 2 18' +
  ' 1 5 18 4 6 19 2 3 19 1 4 19 1g 2 1b 1 7 1a 2 3 1a 1 n 1a 1 g 1a 4 6 1b 2 3 1b 1 2 1b 1 1 1b 9 1 1b y 6 1a 2 2' +
  ' 1d 1 9 1c 3 6 1c 3 4 1c 1 j 1c 1 9 1c 1 1 1c 2 7 1c 3 1 1d 4 6 1d 1 1 1d 1 7 1d j 1 1d e 1c 1e 0 1 1f 0 2 1e 0' +
  ' 7 1f 5 7 1e 0 7 1f 1f 2 1g 1 1 1g 2 2 1g 1 1 1g 2 1 1g 6 4 1g 1 7 1g 1 3 1g 1 1 1g 1 1 1g 2 2 1g 1 2 1g 1 1 1g' +
  ' 0 1 1h 0 2 1g 0 6 1h 1 2 1h 0 1 1g 2 5 1g 1 1 1g 1 6 1h e 2 1g 2q 3 1i 1 4 1i 1 4 1i 1 4 1i 1 4 1i 1 4 1i 1 c' +
  ' 1i 8 2 1j 1 1 1j 5 7 1j 3 1 1j b 3 1j 1 4 1j 1 4 1j 1 4 1j 1 4 1j 1 4 1j 1 1 1j 3 8 1j 1 3 1j 1v 17 1k 0 k 1l 0' +
  ' 1 1k q 4 1k 0 3 1l 0 1 1k 0 3 1l g d 1k 0 9 1l 4 1 1l 1j 1 1m 5 1 1m 2 x 1m 7j 7 1o 1 1t 1o 1 4 1o 2 7 1o 1 1' +
  ' 1o 1 4 1o 2 13 1o 1 1 1o 1 4 1o 2 v 1o 1 1 1o 1 4 1o 2 7 1o 1 1 1o 1 4 1o 2 f 1o 1 w 1o 8 f 1o 1 1 1o 1 4 1o 2' +
  ' 7 1o 1 13 1o 1 i 1o ti t 1q 2 4 1q 2 3 1q 2 a 1q 2 o 1r 2 1 1r 1 1 1r xp 17 1m 2 3 1m 98 2 0 4 2 0 c 2 0 2 2 0' +
  ' g 2 0 4 4 0 2 a 0 e 2 0 6 2 0 8 2 0 2 2 0 q 2 0 4 2 0 a 1 0 1 2i 0 6 m i 2 6 i 2 12 i 2 6 i 2 8 i 1 1 i 1 1 i 1' +
  ' 1 i 1 i i 1 1 i 1 1 i 1 1 i 1 1 i 1 1 i 1 1 i 3 1h i 1 5 i 1 1 i 5 3 i 1 3 i 1 1 i 1 1 i 3 3 i 3 5 i 5 3 i 1 7' +
  ' i 1 1 i 5 3 i 1 3 i 1 1 i 1 1 i 360 2 1s 1m 2e 1u 6 2 1u 2 2i 1w 1 1 1y 0 2 1w nc 1 1s 17 1 1s 34 1 1s 42 1 1s' +
  ' 12 1 1s 2 1 1s b 1 1s h 1 1s e 1 1s 10 1 1s a 1 1s f 1 1s b 1 1s l9 1 1s 1z 1 1s d 1 1s 2o 2 1s a 1 1s 3 1 1s o' +
  ' 1 1s 5 1 1s p 1 1s 1l 1 1s 9 1 1s a 1 1s b 1 1s 5h 1 1s k 1 1s 2c 1 1s 5m 1 1s 35 1 1s 7a 1 1s 3 1 1s 3s 1 1s' +
  ' 2j 1 1s at 1 1s e 1 1s 4 1 1s 28 1 1s z 1 1s 2f 1 1s 13 1 1s d3 1 1s 38 1 1s 4 1 1s x 1 1s 9 1 1s 2t 1 1s 42 1' +
  ' 1s j 1 1s 7v 1 1s 1x 1 1s k 1 1s 5d 1 1s 5 1 1s 2a 1 1s g 1 1s 2u 1 1s 3x 1 1s 5g 1 1s 1e 1 1s 2 1 1s 4 2 1s 1' +
  ' 2 1s k 1 1s 3 1 1s m 2 1s 2i 1 1s 4l 1 1s ce 1 1s 5 1 1s 3 1 1s 3 1 1s n 7 1s 33 7 1s 44 1 1s 29 i 1s 1 m 1s 1' +
  ' 1q 1s 1 g 1s 1 s 1s 1 c 1s 1 o 1s 1 f 1s 1 q 1s 1 g 1s 3 1 1s 1 1 1s 1 8 1s 1 e 1s 1 h 1s 1 8 1s 1 3 1s 1 1 1s' +
  ' 1 8 1s 1 3 1s 1 18 1s 1 q 1s 1 1 1s 1 j 1s 1 q 1s 1 8 1s 1 1 1s 1 3 1s 1 l 1s 1 p 1s 2 i 1s 1 z 1s 1 3 1s 1 4' +
  ' 1s 1 4 1s 1 f 1s 1 5 1s 1 z 1s 1 4 1s 1 h 1s 1 3 1s 1 7 1s 3 n 1s 1 9 1s 1 k 1s 1 6 1s 1 1 1s 2 8 1s 1 8 1s 1 2' +
  ' 1s 1 z 1s 1 c 1s 1 2 1s 1 m 1s 1 7 1s 1 4 1s 1 3 1s 1 4 1s 1 7 1s 1 3 1s 1 d 1s 1 b 1s 1 4 1s 2 9 1s 1 i 1s 1 1' +
  ' 1s 1 9 1s 1 a 1s 1 1 1s 1 7 1s 1 f 1s 2 b 1s 1 c 1s 1 1 1s 1 3 1s 1 2o 1s 1 i 1s 1 i 1s 1 b 1s 1 8 1s 1 1h 1s 1' +
  ' 3 1s 1 3 1s 1 1 1s 1 2 1s 1 2 1s 1 c 1s 1 3 1s 1 8 1s 1 k 1s 2 j 1s 1 2 1s 1 2 1s 1 8 1s 1 1 1s 1 8 1s 1 2 1s 2' +
  ' b 1s 1 o 1s 1 1 1s 1 c 1s 1 2 1s 1 i 1s 1 w 1s 1 8 1s 2 3 1s 1 a 1s 1 a 1s 1 9 1s 1 d 1s 2 8 1s 1 n 1s 2 p 1s 1' +
  ' 7 1s 1 15 1s 1 g 1s 1 b 1s 1 w 1s 1 16 1s 1 1s 1s 1 u 1s 1 2 1s 2 19 1s 1 o 1s 1 p 1s 1 2t 1s 1 n 1s 1 h 1s 2 k' +
  ' 1s 1 a 1s 1 b 1s 1 4 1s 1 7 1s 1 6 1s 1 5 1s 1 4 1s 1 8 1s 1 1 1s 1 j 1s 1 7 1s 1 a 1s 1 2 1s 1 a 1s 1 7 1s 1 r' +
  ' 1s 1 k 1s 1 9 1s 1 c 1s 1 f 1s 1 1 1s 1 2 1s 2 8 1s 1 b 1s 1 5 1s 1 9 1s 1 2 1s 1 o 1s 1 5 1s 1 4 1s 1 c 1s 2 1' +
  ' 1s 1 a 1s 1 k 1s 1 8 1s 1 5 1s 1 e 1s 1 h 1s 1 x 1s 1 6 1s 1 9 1s 1 1n 1s 2 1j 1s 1 5 1s 1 9 1s 1 5 1s 2 f 1s 1' +
  ' t 1s 1 k 1s 1 b 1s 1 9 1s 1 2 1s 2 8 1s 1 2 1s 1 g 1s 1 4 1s 1 e 1s 1 b 1s 1 3 1s 1 2 1s 1 8 1s 1 1 1s 1 f 1s 1' +
  ' f 1s 1 2 1s 1 y 1s 1 1 1s 1 2j 1s 1 1b 1s 1 1o 1s 1 1 1s 1 5 1s 1 3 1s 1 z 1s 1 4 1s 1 l 1s 1 1 1s 1 l 1s 1 5' +
  ' 1s 1 t 1s 1 13 1s 1 r 1s 2 p 1s 1 2 1s 1 17 1s 1 c 1s 1 8 1s 1 2 1s 1 d 1s 2 d 1s 1 9 1s 1 4 1s 1 7 1s 1 9 1s 1' +
  ' o 1s 1 8 1s 1 4 1s 1 4 1s 1 b 1s 1 h 1s 1 11 1s 1 q 1s 1 7 1s 1 2 1s 1 2 1s 1 c 1s 1 z 1s 1 16 1s 1 1a 1s 1 4' +
  ' 1s 1 r 1s 1 7 1s 1 n 1s 1 1h 1s 1 3 1s 1 b 1s 1 n 1s 1 3 1s 1 8 1s 1 y 1s 1 i 1s 1 c 1s 2 6 1s 1 7 1s 1 5 1s 1' +
  ' a 1s 1 i 1s 1 2 1s 1 1 1s 1 p 1s 1 r 1s 1 1h 1s 1 8 1s 1 1s 1s 1 13 1s 1 5 1s 1 16 1s 1 d 1s 1 k 1s 1 18 1s 1 1' +
  ' 1s 1 29 1s 1 a 1s 1 8 1s 2 b 1s 1 h 1s 1 b 1s 1 c 1s 1 6 1s 1 9 1s 1 f 1s 1 12 1s 1 1e 1s 1 a 1s 1 f 1s 1 2 1s' +
  ' 1 s 1s 1 1 1s 1 h 1s 1 18 1s 1 3 1s 1 7 1s 1 6 1s 1 n 1s 1 4 1s 1 4 1s 1 9 1s 1 c 1s 1 i 1s 1 1 1s 1 1 1s 1 2' +
  ' 1s 2 12 1s 1 q 1s 1 3 1s 1 6 1s 1 g 1s 1 4 1s 1 s 1s 1 1 1s 1 n 1s 1 1 1s 1 m 1s 1 2 1s 1 l 1s 1 1b 1s 1 3 1s 1' +
  ' t 1s 1 1h 1s 1 f 1s 1 1s 1s 1 b 1s 1 v 1s 1 c 1s 1 p 1s 1 5 1s 1 z 1s 1 1b 1s 1 7 1s 1 1p 1s 1 2x 1s 2 c 1s 1 g' +
  ' 1s 1 z 1s 1 7 1s 1 q 1s 1 d 1s 1 6 1s 1 h 1s 1 c 1s 1 o 1s 1 6 1s 1 3 1s 1 8 1s 1 7 1s 1 k 1s 1 8 1s 1 n 1s 1 1' +
  ' 1s 1 n 1s 1 4 1s 1 t 1s 1 c 1s 1 f 1s 1 q 1s 1 8 1s 1 9 1s 2 7 1s 1 6 1s 1 3 1s 1 7 1s 1 5 1s 1 e 1s 1 4 1s 1 o' +
  ' 1s 1 k 1s 1 a 1s 2 f 1s 1 4 1s 1 i 1s 1 2 1s 1 1a 1s 1 9 1s 1 1 1s 1 d 1s 2 y 1s 1 2 1s 1 3 1s 1 7 1s 1 f 1s 1' +
  ' i 1s 1 4 1s 1 h 1s 1 a 1s 1 4 1s 1 1p 1s 1 w 1s 1 d 1s 1 12 1s 1 1 1s 1 l 1s 1 1 1s 1 x 1s 1 7 1s 1 j 1s 1 h 1s' +
  ' 1 8 1s 1 13 1s 1 1 1s 1 3 1s 1 r 1s 1 q 1s 1 3 1s 1 b 1s 1 i 1s 1 a 1s 1 l 1s 1 8 1s 1 2 1s 1 z 1s 1 1g 1s 1 e' +
  ' 1s 1 29 1s 1 2 1s 1 t 1s 1 g 1s 2 2 1s 3 17 1s 1 o 1s 1 7 1s 1 i 1s 1 i 1s 1 h 1s 1 h 1s 1 1 1s 1 l 1s 1 3 1s 1' +
  ' 4 1s 1 9 1s 1 3 1s 1 j 1s 1 c 1s 1 1 1s 1 3 1s 1 4 1s 1 e 1s 1 g 1s 1 10 1s 1 c 1s 1 i 1s 1 6 1s 1 a 1s 1 m 1s' +
  ' 2 4 1s 1 a 1s 1 3 1s 1 1 1s 1 2 1s 1 3 1s 1 7 1s 1 1m 1s 1 1c 1s 1 7 1s 1 2 1s 1 5 1s 1 f 1s 1 h 1s 1 g 1s 1 e' +
  ' 1s 1 8 1s 1 12 1s 1 1 1s 1 1d 1s 1 1j 1s 1 r 1s 1 d 1s 1 p 1s 1 7 1s 1 24 1s 1 f 1s 1 k 1s 1 p 1s 2 4 1s 1 1z' +
  ' 1s 2 1 1s 2 3 1s 1 b 1s 1 5 1s 1 h 1s 1 x 1s 1 v 1s 1 e 1s 3 d 1s 1 9 1s 1 1x 1s 1 7 1s 1 w 1s 1 6 1s 1 1i 1s 1' +
  ' 5 1s 1 1 1s 1 1a 1s 1 u 1s 1 1 1s 1 4 1s 1 n 1s 1 d 1s 1 a 1s 1 2 1s 1 x 1s 1 7 1s 1 i 1s 1 2 1s 1 1f 1s 1 3 1s' +
  ' 1 2 1s 1 z 1s 2 7 1s 1 5 1s 1 b 1s 1 9 1s 1 3 1s 1 e 1s 1 7 1s 1 3 1s 1 u 1s 1 14 1s 1 9 1s 1 r 1s 1 e 1s 2 y' +
  ' 1s 1 j 1s 1 1 1s 1 v 1s 1 8 1s 1 f 1s 1 4 1s 1 a 1s 1 l 1s 1 6 1s 1 v 1s 1 6 1s 1 g 1s 1 5 1s 1 3 1s 1 1 1s 1 8' +
  ' 1s 1 3 1s 2 9 1s 1 4 1s 1 g 1s 1 8 1s 1 1 1s 1 4 1s 1 2d 1s 1 i 1s 1 1v 1s 1 d 1s 1 n 1s 1 16 1s 1 20 1s 1 10' +
  ' 1s 1 1d 1s 1 7 1s 1 s 1s 1 w 1s 1 4 1s 1 8 1s 1 1 1s 1 e 1s 1 y 1s 1 8 1s 1 h 1s 1 6 1s 1 15 1s 1 1 1s 1 2 1s 1' +
  ' u 1s 1 1g 1s 1 w 1s 1 g 1s 1 2 1s 1 8 1s 1 2 1s 1 f 1s 1 9 1s 1 9 1s 1 z 1s 1 d 1s 1 10 1s 1 h 1s 1 1p 1s 1 n' +
  ' 1s 2 b 1s 1 3 1s 1 t 1s 1 p 1s 1 j 1s 2 2 1s 1 2 1s 1 a 1s 1 2 1s 1 a 1s 1 9 1s 1 d 1s 1 h 1s 1 k 1s 1 1 1s 1 b' +
  ' 1s 1 i 1s 1 9 1s 1 j 1s 1 2 1s 1 x 1s 1 1d 1s 1 d 1s 1 p 1s 1 2 1s 1 g 1s 1 a 1s 1 6 1s 1 1 1s 1 d 1s 2 1a 1s 1' +
  ' h 1s 1 b 1s 1 3 1s 1 4 1s 1 16 1s 1 h 1s 1 1l 1s 1 4 1s 1 a 1s 1 t 1s 1 7 1s 1 7 1s 1 7 1s 1 4 1s 1 7 1s 1 9 1s' +
  ' 2 h 1s 1 3 1s 1 y 1s 1 i 1s 1 1 1s 1 6 1s 2 f 1s 2 m 1s 1 a 1s 1 i 1s 1 7 1s 1 2 1s 1 4 1s 1 7 1s 1 2 1s 1 15' +
  ' 1s 1 5 1s 1 1 1s 1 y 1s 1 b 1s 1 1 1s 1 15 1s 1 5 1s 1 4 1s 1 i 1s 1 n 1s 2 t 1s 1 1 1s 3 4 1s 1 3 1s 1 y 1s 1' +
  ' b 1s 1 6 1s 1 a 1s 1 n 1s 1 7 1s 1 1 1s 1 o 1s 1 g 1s 1 27 1s 1 1 1s 1 a 1s 1 1 1s 1 1z 1s 1 w 1s 1 i 1s 2 y 1s' +
  ' 1 2 1s 1 7 1s 1 o 1s 1 g 1s 1 b 1s 1 6 1s 1 h 1s 1 12 1s 1 6 1s 2 5 1s 1 1 1s 1 1 1s 2 l 1s 1 2 1s 1 z 1s 1 6' +
  ' 1s 1 2 1s 1 q 1s 1 4 1s 1 c 1s 1 9 1s 1 j 1s 1 9 1s 1 i 1s 1 2 1s 1 b 1s 1 3 1s 1 10 1s 1 5 1s 1 h 1s 1 5 1s 1' +
  ' h 1s 3 o 1s 1 1u 1s 1 8 1s 1 1k 1s 1 4d 1s 2 4 1s 1 4 1s 1 i 1s 1 16 1s 1 b 1s 1 6 1s 1 1 1s 1 q 1s 1 x 1s 1 6' +
  ' 1s 1 6 1s 1 11 1s 1 10 1s 1 c 1s 1 3 1s 1 11 1s 1 x 1s 1 5 1s 1 5 1s 1 h 1s 3 a 1s 1 5 1s 1 11 1s 1 z 1s 2 1b' +
  ' 1s 2 26 1s 1 b 1s 1 5 1s 1 1g 1s 1 o 1s 1 a 1s 2 y 1s 1 g 1s 1 s 1s 1 z 1s 1 12 1s 1 11 1s 1 1b 1s 1 p 1s 1 d' +
  ' 1s 1 5 1s 1 v 1s 1 10 1s 1 2w 1s 1 13 1s 1 6 1s 1 12 1s 1 1 1s 2 7 1s 1 1k 1s 1 16 1s 1 h 1s 1 x 1s 1 b 1s 1 15' +
  ' 1s 1 n 1s 1 a 1s 1 x 1s 2 o 1s 1 3 1s 1 1a 1s 1 j 1s 1 u 1s 1 8 1s 1 g 1s 1 x 1s 1 4 1s 1 8 1s 1 6 1s 1 9 1s 2' +
  ' 1 1s 1 4 1s 1 7 1s 1 p 1s 1 v 1s 1 t 1s 1 j 1s 1 8 1s 1 d 1s 1 5 1s 1 1a 1s 1 a 1s 1 6 1s 1 l 1s 1 v 1s 1 h 1s' +
  ' 1 d 1s 1 7 1s 1 17 1s 1 s 1s 1 a 1s 1 1s 1s 1 l 1s 1 m 1s 1 a 1s 1 q 1s 1 c 1s 1 c 1s 1 g 1s 1 3 1s 1 2 1s 1 q' +
  ' 1s 1 2z 1s 1 2 1s 1 3 1s 1 l 1s 1 b 1s 1 k 1s 1 1s 1s 1 f 1s 1 7 1s 1 f 1s 1 2 1s 1 3 1s 1 4 1s 1 m 1s 1 3 1s 1' +
  ' 6 1s 2 1d 1s 1 6 1s 1 3 1s 1 3 1s 1 7 1s 2 d 1s 1 4 1s 1 6 1s 2 9 1s 1 h 1s 1 d 1s 1 o 1s 1 j 1s 1 4 1s 1 a 1s' +
  ' 1 m 1s 1 f 1s 1 7 1s 1 o 1s 1 r 1s 1 1o 1s 1 8 1s 1 5 1s 1 6 1s 1 x 1s 2 6 1s 1 b 1s 1 6 1s 1 4 1s 1 5 1s 1 5' +
  ' 1s 1 1 1s 1 b 1s 1 4c 1s 1 7 1s 1 3 1s 1 c 1s 3 4 1s 1 r 1s 1 a 1s 1 3 1s 1 3 1s 1 3 1s 1 f 1s 1 a 1s 1 10 1s 1' +
  ' a 1s 1 1 1s 1 g 1s 1 d 1s 1 9 1s 1 f 1s 2 2x 1s 1 15 1s 1 p 1s 1 10 1s 1 r 1s 1 9 1s 1 12 1s 1 j 1s 1 8 1s 1 u' +
  ' 1s 1 6 1s 1 1 1s 1 1 1s 1 x 1s 1 6 1s 1 g 1s 1 2 1s 2 9 1s 1 2 1s 1 k 1s 1 m 1s 1 u 1s 1 t 1s 1 c 1s 1 6 1s 1' +
  ' 2j 1s 1 6 1s 1 e 1s 1 f 1s 1 6 1s 1 s 1s 1 1u 1s 1 1 1s 1 a 1s 1 8 1s 1 5 1s 1 2s 1s 1 w 1s 2 4 1s 1 z 1s 1 j' +
  ' 1s 1 1d 1s 2 r 1s 1 x 1s 1 p 1s 1 2 1s 1 g 1s 1 l 1s 1 4 1s 1 r 1s 1 e 1s 1 z 1s 1 b 1s 1 2 1s 1 w 1s 1 11 1s 2' +
  ' m 1s 1 2 1s 1 p 1s 1 u 1s 1 m 1s 1 6 1s 1 6 1s 1 1l 1s 1 j 1s 2 1c 1s 1 5 1s 1 2 1s 1 3 1s 1 3 1s 1 4 1s 1 6 1s' +
  ' 1 1 1s 1 9 1s 1 g 1s 1 3 1s 1 a 1s 1 f 1s 1 10 1s 1 i 1s 1 e 1s 1 k 1s 1 4 1s 1 1 1s 2 4 1s 1 u 1s 1 a 1s 1 t' +
  ' 1s 1 e 1s 1 70 1s 2 4 1s 1 6 1s 1 h 1s 1 r 1s 2 3 1s 1 8 1s 1 n 1s 1 3 1s 1 1z 1s 2 2 1s 1 k 1s 1 n 1s 2 x 1s 1' +
  ' 1 1s 1 3 1s 1 1 1s 2 9 1s 1 9 1s 1 3 1s 1 2 1s 1 1 1s 1 b 1s 1 3 1s 1 5 1s 1 1a 1s 1 1 1s 2 k 1s 1 n 1s 1 2 1s' +
  ' 1 2 1s 2 n 1s 2 2 1s 1 8 1s 2 b 1s 1 9 1s 1 b 1s 1 h 1s 1 h 1s 1 1 1s 1 h 1s 1 d 1s 1 6 1s 2 3 1s 1 8 1s 1 1 1s' +
  ' 1 h 1s 1 15 1s 1 y 1s 1 5 1s 1 4 1s 1 8 1s 1 6 1s 1 3 1s 1 3 1s 1 4 1s 1 e 1s 1 f 1s 1 1 1s 1 26 1s 1 i 1s 1 p' +
  ' 1s 1 7 1s 1 4 1s 1 6 1s 1 2 1s 1 t 1s 1 x 1s 1 8 1s 1 l 1s 1 2 1s 1 2p 1s 1 w 1s 1 5 1s 1 4 1s 1 9 1s 1 q 1s 1' +
  ' 6 1s 2 y 1s 1 l 1s 1 6 1s 1 4 1s 1 5 1s 1 1x 1s 1 j 1s 1 a 1s 1 e 1s 1 8 1s 1 3 1s 1 3 1s 2 6 1s 1 f 1s 1 1 1s' +
  ' 1 6 1s 1 a 1s 1 6 1s 1 o 1s 1 8 1s 1 2 1s 1 f 1s 1 6 1s 1 a 1s 1 f 1s 1 m 1s 1 2 1s 1 c 1s 1 14 1s 1 1f 1s 1 9' +
  ' 1s 2 1 1s 1 1q 1s 1 c 1s 1 1 1s 1 f 1s 1 2 1s 1 m 1s 1 40 1s 2 3 1s 1 l 1s 1 d 1s 1 6 1s 1 1c 1s 1 13 1s 1 o 1s' +
  ' 1 e 1s 1 2 1s 1 15 1s 1 h 1s 1 h 1s 1 7 1s 1 5 1s 1 2m 1s 1 j 1s 2 7 1s 1 5 1s 1 3 1s 1 8 1s 2 4 1s 1 1m 1s 1 4' +
  ' 1s 1 h 1s 1 d 1s 1 2 1s 1 h 1s 1 u 1s 1 d 1s 1 p 1s 1 1f 1s 1 1 1s 1 2 1s 1k7 1 0 s 1 0 k0 1 1l as 8mc 20 6st 1' +
  ' 1s 1az2 7 1o 1 4 1o 1 2 1o 1 f 1o 64v 1 1s y 1 1s 1z 1 1s u5 1 1s 4b 1 1s 10 1 1s t 1 1s 1k 1 1s 5 1 1s 1r 1 1s' +
  ' 2u 1 1s 2 1 1s 3y 2 1s 2v 1 1s 11 1 1s 4 1 1s 1g 1 1s x 2 1s 1e 2 1s t 1 1s 2v 1 1s 7 1 1s 19 1 1s 35 1 1s i 1' +
  ' 1s 5 2 1s 4 1 1s 1x 1 1s 7 1 1s 7j 1 1s 2y5 1 1s 1d9 1 1s m7 1 1s 31 1 1s 3q 1 1s 3q 1 1s 3 1 1s 30 1 1s 1x 1' +
  ' 1s 1v 1 1s q 1 1s 97 1 1s 2rn 1 1s 1ln 1 1s 1r8 1 1s 1d 1 1s n4 1 1s 3e4 1 1s 12r 1 1s f9 1 1s 7 1 1s 37n 1 1s' +
  ' 1em 1 1s 4p 1 1s 62 1 1s 1yf 1 1s 2 1 1s 4 1 1s 3b9 1 1s';

/** Canonical combining classes above 0: "gap length class", in base 36. */
export const COMBINING_CLASSES =
  'lc 5 6e 1 7 6e 6 2 6e 6 1 60 7 1 64 2 1 64 0 2 5m 0 1 64 3 1 64 3 1 64 3 1 1 2 1 1 9 1 6e 2 1 6o hi 1 l 2g 1 6e' +
  ' 1h 1 r 0 1 s 0 1 t 0 1 u 0 1 v 0 1 w 0 1 x 0 1 y 0 2 6e 0 1 64 q 1 z 2y 1 6e gw 1 7 g 1 9 32 1 7 g 1 9 32 1 7 g' +
  ' 1 9 32 1 7 g 1 9 32 1 7 g 1 9 3j 1 9 3j 1 9 7 1 2c 0 1 2j 3a 1 9 3j 1 9 3g 1 9 31 2 2v 0 1 9 d 4 2z 30 2 3a e 4' +
  ' 3e 4l 1 3l 0 1 3m 1 1 3o 5 4 3m 2 1 3m 3 1 9 4y 1 7 1 2 9 1hz 1 9 4w6 2 8';

/** Canonical composites: "gap first.second", in base 36. */
export const COMPOSITES =
  '5c 1t.lc 1 1t.ld 1 1t.le 1 1t.lf 1 1t.lk 1 1t.lm 2 1v.mf 1 1x.lc 1 1x.ld 1 1x.le 1 1x.lk 1 21.lc 1 21.ld 1 21.le' +
  ' 1 21.lk 2 26.lf 1 27.lc 1 27.ld 1 27.le 1 27.lf 1 27.lk 3 2d.lc 1 2d.ld 1 2d.le 1 2d.lk 1 2h.ld 3 2p.lc 1 2p.ld' +
  ' 1 2p.le 1 2p.lf 1 2p.lk 1 2p.lm 2 2r.mf 1 2t.lc 1 2t.ld 1 2t.le 1 2t.lk 1 2x.lc 1 2x.ld 1 2x.le 1 2x.lk 2 32.lf' +
  ' 1 33.lc 1 33.ld 1 33.le 1 33.lf 1 33.lk 3 39.lc 1 39.ld 1 39.le 1 39.lk 1 3d.ld 2 3d.lk 1 1t.lg 1 2p.lg 1 1t.li' +
  ' 1 2p.li 1 1t.mg 1 2p.mg 1 1v.ld 1 2r.ld 1 1v.le 1 2r.le 1 1v.lj 1 2r.lj 1 1v.lo 1 2r.lo 1 1w.lo 1 2s.lo 3 1x.lg' +
  ' 1 2t.lg 1 1x.li 1 2t.li 1 1x.lj 1 2t.lj 1 1x.mg 1 2t.mg 1 1x.lo 1 2t.lo 1 1z.le 1 2v.le 1 1z.li 1 2v.li 1 1z.lj' +
  ' 1 2v.lj 1 1z.mf 1 2v.mf 1 20.le 1 2w.le 3 21.lf 1 2x.lf 1 21.lg 1 2x.lg 1 21.li 1 2x.li 1 21.mg 1 2x.mg 1 21.lj' +
  ' 4 22.le 1 2y.le 1 23.mf 1 2z.mf 2 24.ld 1 30.ld 1 24.mf 1 30.mf 1 24.lo 1 30.lo 5 26.ld 1 32.ld 1 26.mf 1 32.mf' +
  ' 1 26.lo 1 32.lo 4 27.lg 1 33.lg 1 27.li 1 33.li 1 27.ln 1 33.ln 3 2a.ld 1 36.ld 1 2a.mf 1 36.mf 1 2a.lo 1 36.lo' +
  ' 1 2b.ld 1 37.ld 1 2b.le 1 37.le 1 2b.mf 1 37.mf 1 2b.lo 1 37.lo 1 2c.mf 1 38.mf 1 2c.lo 1 38.lo 3 2d.lf 1 39.lf' +
  ' 1 2d.lg 1 39.lg 1 2d.li 1 39.li 1 2d.lm 1 39.lm 1 2d.ln 1 39.ln 1 2d.mg 1 39.mg 1 2f.le 1 3b.le 1 2h.le 1 3d.le' +
  ' 1 2h.lk 1 2i.ld 1 3e.ld 1 2i.lj 1 3e.lj 1 2i.lo 1 3e.lo y 27.m3 1 33.m3 e 2d.m3 1 39.m3 t 1t.lo 1 2p.lo 1 21.lo' +
  ' 1 2x.lo 1 27.lo 1 33.lo 1 2d.lo 1 39.lo 1 64.lg 1 70.lg 1 64.ld 1 70.ld 1 64.lo 1 70.lo 1 64.lc 1 70.lc 2 5g.lg' +
  ' 1 6c.lg 1 fa.lg 1 fb.lg 1 5i.lg 1 6e.lg 3 1z.lo 1 2v.lo 1 23.lo 1 2z.lo 1 27.mg 1 33.mg 1 dm.lg 1 dn.lg 1 c7.lo' +
  ' 1 ia.lo 1 2y.lo 4 1z.ld 1 2v.ld 3 26.lc 1 32.lc 1 5h.ld 1 6d.ld 1 5i.ld 1 6e.ld 1 60.ld 1 6w.ld p 2b.me 1 37.me' +
  ' 1 2c.me 1 38.me 3 20.lo 1 2w.lo 7 1t.lj 1 2p.lj 1 1x.mf 1 2t.mf 1 5y.lg 1 6u.lg 1 5x.lg 1 6t.lg 1 27.lj 1 33.lj' +
  ' 1 fi.lg 1 fj.lg 1 2h.lg 1 3d.lg 9f pd.ld 2 ph.ld 1 pj.ld 1 pl.ld 2 pr.ld 2 px.ld 1 q1.ld 1 qy.ld q pl.lk 1' +
  ' px.lk 1 q9.ld 1 qd.ld 1 qf.ld 1 qh.ld 1 qz.ld q qh.lk 1 qt.lk 1 qn.ld 1 qt.ld 1 qx.ld 1e t1.lc 1 t1.lk 2 sz.ld' +
  ' 4 sm.lk 5 t6.ld 1 t4.lc 1 tf.li b t4.li w u0.li n tx.lc 1 tx.lk 2 tv.ld 4 uu.lk 5 u2.ld 1 u0.lc 1 ub.li 2r' +
  ' t2.li 1 ty.li e sw.li 1 ts.li 1 sw.lk 1 ts.lk 3 t1.li 1 tx.li 3 yg.lk 1 yh.lk 1 t2.lk 1 ty.lk 1 t3.lk 1 tz.lk 3' +
  ' t4.lg 1 u0.lg 1 t4.lk 1 u0.lk 1 ta.lk 1 u6.lk 3 yw.lk 1 yx.lk 1 tp.lk 1 ul.lk 1 tf.lg 1 ub.lg 1 tf.lk 1 ub.lk 1' +
  ' tf.ln 1 ub.ln 1 tj.lk 1 uf.lk 3 tn.lk 1 uj.lk 89 17r.18z 1 17r.190 1 18o.190 1 17r.191 1 18q.190 4a 1cl.190 2' +
  ' 1c1.190 h 1ci.190 gm 1t4.1to 8 1tc.1to 3 1tf.1to 47 1xj.1xa 1 1xj.1xz ak 287.28m 3 287.27y 1 287.28n 20 2aa.2c7' +
  ' 1i 2bq.2bi 1 2br.2bi 1 2bq.2c7 3g 2fa.2fq 3c 2in.2j9 7 2iu.2j9 1 2iu.2ja 2 2iu.2iq 1 2iy.2j9 3j 2me.2m6 1' +
  ' 2mf.2m6 1 2me.2mv 3y 2qh.2q2 2 2qh.2q7 1 2qk.2q2 1 2qh.2qn g8 36t.372 2qk 1u.lj 1 2q.lj 1 1u.mb 1 2q.mb 1 1u.mp' +
  ' 1 2q.mp 1 5j.ld 1 6f.ld 1 1w.lj 1 2s.lj 1 1w.mb 1 2s.mb 1 1w.mp 1 2s.mp 1 1w.mf 1 2s.mf 1 1w.ml 1 2s.ml 1 7m.lc' +
  ' 1 7n.lc 1 7m.ld 1 7n.ld 1 1x.ml 1 2t.ml 3 fc.li 1 fd.li 1 1y.lj 1 2u.lj 1 1z.lg 1 2v.lg 1 20.lj 1 2w.lj 1 20.mb' +
  ' 1 2w.mb 1 20.lk 1 2w.lk 1 20.mf 1 2w.mf 5 5r.ld 1 6n.ld 1 23.ld 1 2z.ld 1 23.mb 1 2z.mb 1 23.mp 1 2z.mp 1 24.mb' +
  ' 1 30.mb 1 5yu.lg 1 5yv.lg 1 24.mp 1 30.mp 1 24.ml 1 30.ml 1 25.ld 1 31.ld 1 25.lj 1 31.lj 1 25.mb 1 31.mb 1' +
  ' 26.lj 1 32.lj 1 26.mb 1 32.mb 1 26.mp 1 32.mp 1 26.ml 1 32.ml 1 5x.ld 1 6t.ld 1 5x.lk 1 6t.lk 1 98.lc 1 99.lc 1' +
  ' 98.ld 1 99.ld 1 28.ld 1 34.ld 1 28.lj 1 34.lj 1 2a.lj 1 36.lj 1 2a.mb 1 36.mb 1 5zu.lg 1 5zv.lg 1 2a.mp 1 36.mp' +
  ' 1 2b.lj 1 37.lj 1 2b.mb 1 37.mb 1 9m.lj 1 9n.lj 1 9s.lj 1 9t.lj 1 602.lj 1 603.lj 1 2c.lj 1 38.lj 1 2c.mb 1' +
  ' 38.mb 1 2c.mp 1 38.mp 1 2c.ml 1 38.ml 5 2d.ml 1 39.ml 1 a0.ld 1 a1.ld 1 a2.lk 1 a3.lk 1 2e.lf 1 3a.lf 1 2e.mb 1' +
  ' 3a.mb 1 2f.lc 1 3b.lc 1 2f.ld 1 3b.ld 1 2f.lk 1 3b.lk 1 2f.lj 1 3b.lj 1 2f.mb 1 3b.mb 1 2g.lj 1 3c.lj 1 2g.lk 1' +
  ' 3c.lk 1 2h.lj 1 3d.lj 1 2i.le 1 3e.le 1 2i.mb 1 3e.mb 1 2i.mp 1 3e.mp 1 2w.mp 1 38.lk 1 3b.lm 1 3d.lm 7 1t.mb 1' +
  ' 2p.mb 1 1t.ll 1 2p.ll 1 5e.ld 1 6a.ld 1 5e.lc 1 6a.lc 1 5e.ll 1 6a.ll 1 5e.lf 1 6a.lf 1 61s.le 1 61t.le 1 76.ld' +
  ' 1 77.ld 1 76.lc 1 77.lc 1 76.ll 1 77.ll 1 76.lf 1 77.lf 1 61s.li 1 61t.li 1 1x.mb 1 2t.mb 1 1x.ll 1 2t.ll 1' +
  ' 1x.lf 1 2t.lf 1 5m.ld 1 6i.ld 1 5m.lc 1 6i.lc 1 5m.ll 1 6i.ll 1 5m.lf 1 6i.lf 1 62g.le 1 62h.le 1 21.ll 1 2x.ll' +
  ' 1 21.mb 1 2x.mb 1 27.mb 1 33.mb 1 27.ll 1 33.ll 1 5w.ld 1 6s.ld 1 5w.lc 1 6s.lc 1 5w.ll 1 6s.ll 1 5w.lf 1 6s.lf' +
  ' 1 630.le 1 631.le 1 bk.ld 1 bl.ld 1 bk.lc 1 bl.lc 1 bk.ll 1 bl.ll 1 bk.lf 1 bl.lf 1 bk.mb 1 bl.mb 1 2d.mb 1' +
  ' 39.mb 1 2d.ll 1 39.ll 1 bz.ld 1 c0.ld 1 bz.lc 1 c0.lc 1 bz.ll 1 c0.ll 1 bz.lf 1 c0.lf 1 bz.mb 1 c0.mb 1 2h.lc 1' +
  ' 3d.lc 1 2h.mb 1 3d.mb 1 2h.ll 1 3d.ll 1 2h.lf 1 3d.lf 7 q9.lv 1 q9.lw 1 64g.lc 1 64h.lc 1 64g.ld 1 64h.ld 1' +
  ' 64g.n6 1 64h.n6 1 pd.lv 1 pd.lw 1 64o.lc 1 64p.lc 1 64o.ld 1 64p.ld 1 64o.n6 1 64p.n6 1 qd.lv 1 qd.lw 1 64w.lc' +
  ' 1 64x.lc 1 64w.ld 1 64x.ld 3 ph.lv 1 ph.lw 1 654.lc 1 655.lc 1 654.ld 1 655.ld 3 qf.lv 1 qf.lw 1 65c.lc 1' +
  ' 65d.lc 1 65c.ld 1 65d.ld 1 65c.n6 1 65d.n6 1 pj.lv 1 pj.lw 1 65k.lc 1 65l.lc 1 65k.ld 1 65l.ld 1 65k.n6 1' +
  ' 65l.n6 1 qh.lv 1 qh.lw 1 65s.lc 1 65t.lc 1 65s.ld 1 65t.ld 1 65s.n6 1 65t.n6 1 pl.lv 1 pl.lw 1 660.lc 1 661.lc' +
  ' 1 660.ld 1 661.ld 1 660.n6 1 661.n6 1 qn.lv 1 qn.lw 1 668.lc 1 669.lc 1 668.ld 1 669.ld 3 pr.lv 1 pr.lw 1' +
  ' 66g.lc 1 66h.lc 1 66g.ld 1 66h.ld 3 qt.lv 1 qt.lw 1 66o.lc 1 66p.lc 1 66o.ld 1 66p.ld 1 66o.n6 1 66p.n6 2 px.lw' +
  ' 2 66x.lc 2 66x.ld 2 66x.n6 1 qx.lv 1 qx.lw 1 674.lc 1 675.lc 1 674.ld 1 675.ld 1 674.n6 1 675.n6 1 q1.lv 1' +
  ' q1.lw 1 67c.lc 1 67d.lc 1 67c.ld 1 67d.ld 1 67c.n6 1 67d.n6 1 q9.lc 2 qd.lc 2 qf.lc 2 qh.lc 2 qn.lc 2 qt.lc 2' +
  ' qx.lc 4 64g.n9 1 64h.n9 1 64i.n9 1 64j.n9 1 64k.n9 1 64l.n9 1 64m.n9 1 64n.n9 1 64o.n9 1 64p.n9 1 64q.n9 1' +
  ' 64r.n9 1 64s.n9 1 64t.n9 1 64u.n9 1 64v.n9 1 65c.n9 1 65d.n9 1 65e.n9 1 65f.n9 1 65g.n9 1 65h.n9 1 65i.n9 1' +
  ' 65j.n9 1 65k.n9 1 65l.n9 1 65m.n9 1 65n.n9 1 65o.n9 1 65p.n9 1 65q.n9 1 65r.n9 1 674.n9 1 675.n9 1 676.n9 1' +
  ' 677.n9 1 678.n9 1 679.n9 1 67a.n9 1 67b.n9 1 67c.n9 1 67d.n9 1 67e.n9 1 67f.n9 1 67g.n9 1 67h.n9 1 67i.n9 1' +
  ' 67j.n9 1 q9.li 1 q9.lg 1 67k.n9 1 q9.n9 1 q4.n9 2 q9.n6 1 69i.n9 1 pd.li 1 pd.lg 1 pd.lc 2 pd.n9 6 67o.n9 1' +
  ' qf.n9 1 q6.n9 2 qf.n6 1 69y.n9 1 ph.lc 2 pj.lc 2 pj.n9 4 qh.li 1 qh.lg 1 qy.lc 4 qh.n6 1 qy.n6 1 pl.li 1 pl.lg' +
  ' 1 pl.lc 6 qt.li 1 qt.lg 1 qz.lc 2 qp.lv 1 qp.lw 1 qt.n6 1 qz.n6 1 px.li 1 px.lg 1 px.lc 2 pt.lw 6 67w.n9 1' +
  ' qx.n9 1 r2.n9 2 qx.n6 1 6ba.n9 1 pr.lc 2 q1.lc 2 q1.n9 h0 1p.mw e 1o.mw 1 1q.mw 2ql 9jf.9ll 2 9jh.9ll 2 9jj.9ll' +
  ' 2 9jl.9ll 2 9jn.9ll 2 9jp.9ll 2 9jr.9ll 2 9jt.9ll 2 9jv.9ll 2 9jx.9ll 2 9jz.9ll 2 9k1.9ll 3 9k4.9ll 2 9k6.9ll 2' +
  ' 9k8.9ll 7 9kf.9ll 1 9kf.9lm 2 9ki.9ll 1 9ki.9lm 2 9kl.9ll 1 9kl.9lm 2 9ko.9ll 1 9ko.9lm 2 9kr.9ll 1 9kr.9lm n' +
  ' 9ja.9ll a 9lp.9ll e 9m3.9ll 2 9m5.9ll 2 9m7.9ll 2 9m9.9ll 2 9mb.9ll 2 9md.9ll 2 9mf.9ll 2 9mh.9ll 2 9mj.9ll 2' +
  ' 9ml.9ll 2 9mn.9ll 2 9mp.9ll 3 9ms.9ll 2 9mu.9ll 2 9mw.9ll 7 9n3.9ll 1 9n3.9lm 2 9n6.9ll 1 9n6.9lm 2 9n9.9ll 1' +
  ' 9n9.9lm 2 9nc.9ll 1 9nc.9lm 2 9nf.9ll 1 9nf.9lm n 9ly.9ll 3 9nz.9ll 1 9o0.9ll 1 9o1.9ll 1 9o2.9ll 4 9od.9ll';

/** The case folding of each decomposed character: "gap characters", in base 36. */
export const CASES =
  '1t 2p 1 2q 1 2r 1 2s 1 2t 1 2u 1 2v 1 2w 1 2x 1 2y 1 2z 1 30 1 31 1 32 1 33 1 34 1 35 1 36 1 37 1 38 1 39 1 3a 1' +
  ' 3b 1 3c 1 3d 1 3e 30 6e a 6o 8 6w 6 72 1 37.37 1d 7l m 87 b 2x g 8y 9 97 8 9f k 9z r gj 5 gk 3 gm 1 gn 4 d9 1' +
  ' gp 1 gr 1 b6 3 gz 2 h5 1 h4 1 bd 5 he c hv 9 i3 1 c4 4 ia 3x i1 1 i4 7 gd 6x qh 24 q9 1 qa 1 qb 1 qc 1 qd 1 qe' +
  ' 1 qf 1 qg 1 qh 1 qi 1 qj 1 qk 1 ql 1 qm 1 qn 1 qo 1 qp 2 qr 1 qs 1 qt 1 qu 1 qv 1 qw 1 qx p qr 1s uq 2 us 1 ut' +
  ' 1 uu 2 uw 1 ux 1 uy 1 uz 4 v3 1 ts 1 tt 1 tu 1 tv 1 tw 1 tx 1 ty 1 tz 1 u0 2 u2 1 u3 1 u4 1 u5 1 u6 1 u7 1 u8 1' +
  ' u9 1 ua 1 ub 1 uc 1 ud 1 ue 1 uf 1 ug 1 uh 1 ui 1 uj 1 uk 1 ul 1 um 1 un 2p wh 2 wj 2 wl 2 wn 2 wp 2 wr 4 wv 2' +
  ' wx 2 wz 2 x1 4 x5 2 x7 2 x9 2 xb 2 xd 2 xf 2 xh 2 xj 4 xn 2 xp 2 xr 2 y7 k yd 4 yh 8 yp 8 yx 1o 10l d 129 1 12a' +
  ' 1 12b 1 12c 1 12d 1 12e 1 12f 1 12g 1 12h 1 12i 1 12j 1 12k 1 12l 1 12m 1 12n 1 12o 1 12p 1 12q 1 12r 1 12s 1' +
  ' 12t 1 12u 1 12v 1 12w 1 12x 1 12y 1 12z 1 130 1 131 1 132 1 133 1 134 1 135 1 136 1 137 1 138 1 139 1 13a 1d' +
  ' 12d.136 280 8x3 6 8x9 ma xxb 1pd 3bk 1 3bl 1 3bm 1 3bn 1 3bo 1 3bp 1 3bq 1 3br 1 3bs 1 3bt 1 3bu 1 3bv 1 3bw 1' +
  ' 3bx 1 3by 1 3bz 1 3c0 1 3c1 1 3c2 1 3c3 1 3c4 1 3c5 1 3c6 1 3c7 1 3c8 1 3c9 1 3ca 1 3cb 1 3cc 1 3cd 1 3ce 1 3cf' +
  ' 1 3cg 1 3ch 1 3ci 1 3cj 1 3ck 1 3cl 1 3cm 1 3cn 1 3co 1 3cp 1 3cq 3 3ct 1 3cu 1 3cv db 67 r1r h1 5 x3n o h2';

/** Confusables (UTS 39, 4) of decomposed characters: "gap characters", in base 36. */
export const PROTOTYPES =
  'y 13.13 3 56.1b.6f4 b 27 1 30 o 30 n 13 d 36.32 f 30 22 1t.1x a 1w.mt 8 27.mw e 2p.2t a 6pu.mt 8 33.mw 6 34 i' +
  ' 1w.mt 1 2s.mt l 20.mt 1 2w.mt a 2x g 24.mw 1 30.mw 9 32.mh 7 27.1x 1 33.2t j 2c.mt 1 38.mt q 13.1u 8 1w.mt 1' +
  ' 13.1w 7 1y.me 1 2u 4 30 1 30.mt 1 23.13 1 2z.lw 4 26.me m 13.2h 1 3d.lw 3 1f 3x 2d.mt 9 36.mt 6 2q.lw 3 2s.mg 1' +
  ' 2s.lw 2 d9 2 x3n 8 3d 3 2w.lw 2 2x.mt 1 2x y 39 7 f1 15 13 1 13 28 li r me r lf 3 mg 24 1t 1 1u 3 1x 1 2i 1 20' +
  ' 1 27.mt 1 30 1 23 1 g5 1 25 1 26 2 27 2 28 2 bt 1 2c 1 2h 2 2g a 2p 1 67 1 3d 1 61r 1 x3n 2 32.mh 1 27.mt 1 2x' +
  ' 1 8o 3 3a 2 33 2 34 2 33 1 5qz 1 39 1 hk 1q x3m 1 2b 1 30 2 22 8 1t 1 2q.lg 1 1u 1 pf 2 1x 2 1f 3 23 1 g5 1 25' +
  ' 1 20 1 27 1 ps 1 28 1 1v 1 2c 1 2h 1 py 1 2g 6 2q.30 1 2q 2 30.27 2 2p 1 1i 1 ih 1 36 2 2t 2 gs 1 5qm 2 8o 2 i5' +
  ' 1 ik 1 33 1 qo 1 34 1 2r 1 5qz 1 3d 1 hk 1 3c 3 3b 2 jt.2q 1 at.2x 1 at 3 5qx 5 x3n 1 37 1 2x 2 2y 3 2w.mt 4' +
  ' 39.mh 1d pf.13 1 36.13 1 pf.mt 1 36.mt 3 t2.mh 1 ty.mh 1 1f.me 1 gs.me 1 23.mh 1 8o.mh 3 23.mt 1 8o.mt 3 20.mh' +
  ' 1 ik.mh 7 1v.me 1 2r.me 1 2c.mh 1 5qz.mh 1 2h 1 3d 1 2h.mt 1 3d.mt 1 2g.mh 9 2w 2 2t 1 xo.mg 1 2t.mg 1 30 f 30' +
  ' 5 1t.1x 1 2p.2t 3 b3 1 d9 7 1f 1 f1 7 27.mt 1 33.mt 2a 3ou 9 3k6 6 3s3 2 3mp 1 2d 2 2b 4 py 2 27 c 3b 2 35 3 35' +
  ' 8 61r 2 2w 2 32.mh 3 fr 3 32 2 hc 2 32 1 39 4 2v 1 2x 2 2u 1 33 2 12d.2x 26 30 3 3a 1 13 6 30 2 33 1y 30 4' +
  ' 18p.1cr 9 183.1cr 9 18p.le a 33 3 18p 1 ln 3 ld 1 lv 3 lm 1 lf v 30.19w 7 18p.179 1 17u 4 18p.1cr 3 17x.190 4' +
  ' 17x.1cr 3 17z.179 3 1ai.179 3 17z.1cr 1 17z.1cr 2 181.179 1 181.li 6 181.1cr 7 187.1cr 5 1b5.1cr 3 18h 1' +
  ' 1b5.1cr 1 18j 1 18j 3 18j.1cr 8 18k.li 2 18k.1cr 3 18p 1 18p.179 2 18p.1cr 1 33 3 33 2 17t 3 18o.li 1 18o.lv 1' +
  ' 18o.19s 1 18o.le 2 18o.1cr 1 18p 2 18p.li 2 1a3 1 18p.1cr 1 18p 3 33 p 17z.le 1 181.le g 33.le 2a 17s.1cr 1' +
  ' 18p.1cr 4 18p.li c 1bg 1 18j.1cr 4 1g4 1 18m.179 9 1av.179 7y 18p.lm l 1b6.1cr 3 18l.1cr 1 18p.190 1 1g4 i 1b5' +
  ' 1 1b5 1 18p 1 18p.1cr.li 1 17u.li 1 18p.179.li 1 1ae.li 1 18j.li 1r li.lj 1 lj 1 1m 3 1s5.1tq 2 1tc.1u5.1s7 3' +
  ' 1tc.1tv 2 1sf.li 1 1sf.1ty 2 1sf.1jz8 1 1s5.1tq.li 1 1s5.1tq.1ty 1 1s5.1tq.1jz8 1 1s5.1tq.1u0 13 1tq.1tm 1 mb 3' +
  ' 1xb 6 li 2 1jz8 2 1tq.li d 1jz6 1 1jz7 r 1s5.li 1 1s5.1tm 1 1s5.1tq.1tm 1 1s5.1u7 c li.lj 5 1vp.1xa 16 1ws.1x8' +
  ' c mb 1g 1ww i lj 4 1z9.20u 1 1t6.1u5.1sv.1xb 1 1t6.1u5.1sv.20w 1 22b.1jz6 1 22b.1jz7 5 1t6.1u5.1sv.1jz8 1' +
  ' 1z9.1u0 4 1z9.218 1 1th 7 1t0.1u5.1t0 3 1sv 1 1sw 4 1s9 3 1t6 4 1sy 3 1t9 7 1tl 3 1ta 4 mb 3 1xb 2 1jz6 1 1jz7' +
  ' 5 1jz8 1 1u0 3 1ty 2 1u5 f 201.20s k 1z6 i lj 1 1m 3 22t.24e 7 22t.24l 2 22t.24n 1 22t.24o 1 22t.24e.24l 2' +
  ' 22t.24e.24n 1 22t.24e.24o m uf 6 1uw c mb 5 1tt 1 1tu b 1u5 1g li.lj 2 1k 3 26d.27y q 27 s mb 26 2a1.2b7 i 2a8' +
  ' k 2a0 8 2ba 6 2a0 a 2ax 5 lj a 2b7 17 33 1 1vn g 2du.2fp 1 2du.2fg 2 2hi.mb a 2eo.14s 2 2e9.mb 3 2ef.14s 8' +
  ' 2ek.mb 1 2et.2f5 9 2et.mb 2 2et.2f2 9 2f5.2f2 2 2f7.2f2 1q 33 1 1vn 2 2dh 1 2di 1 2dj 9 2ds 2 2du 1 2du.2fp 1' +
  ' 2du.2fg 3 2dz 5 2e4 1 2e5 1 2e6 1 2e7 4 2eb 3 2ee 2 2eg 7 2en 1 2eo 2 2eq 1 2er c 2f3 2 2f5 2 2f7 1r 33 1 1vn 5' +
  ' 2kn.2mv 1 2a1 1 2a1.2mv 6 2bq.2ku 3 2ky.2m6 1 2ky.2mv 2 2b9 3 2lk.2m9 3 2a8 3 37 1 33 3 2ar 2 2b2 c 2ls 3 2b8 2' +
  ' 2ba 9 2bj 1 2bj 2 2m9 1 2m9 3 2bq 1 2br 1 2bq.2bq 1e 2ar.2ml 1 2lk.2ml 1 2ls.2ml 1 2lu.2ml 1 2lv.2ml 4 33 1 1vn' +
  ' a 2pv.2qg 5 2oh.2q2 1 2oh.2qh y 2oh 1 2or 3 2ok 7 2ow 4 2pj 1r 2rm 8 2ru 4 2ry 5 2ro 1 2ro 2 2s1 a 2rq 5 2sg d' +
  ' lm.2sy e 2tc.2tc 4 2sy 8 lm 1n 2rs 5 2si d 2sa 1 2sb 2 2sd 1 2se 1 2sf k lm.2wi 5 2t4 1 2t5 8 2ww.2ww 7 2tk 1' +
  ' 2tl 1 2tm 1 2tn 2 lm f 2wb.2vt 1 2wb.2w1 4e 322.322 2 324.324 3n 2ls.370 2 2ls 2 2r 5 36t 7 33.370 d 33 2' +
  ' 36d.370 4 2ls.370.37d.2ls.370 6 36m.37g 1 36m.37g.287.370.37e 7 287 5 lm 2 1vn y 2r 7 36j.37i t 399.37i 3' +
  ' 2ls.37i 2e 33.370 1 2ls f 3d c f1 c 33 75 2d z hc t py w 11k 1g 12p 1o 27 xr 4ne 14 2t0 1 2t1 1 2t2 1 2t3 c lm' +
  ' 3 4or 1 4or 1 2tk 1cj 67 aj 13 37a 7sc 23 lm a fjv 4 ijp 3 gbf k hlh 9 ggs 3 fik 3 1b 1 g2z 9 9ko l gkj e 53' +
  ' 5qd 9oc l 3d8.3ft 6 3d5.3d5.9oc r 2k 9 1b 27 2dk2 1o 3d5.9oc.3cw 8o fp1 1m ftw 7q 20oj el 3d2.3fl 4p' +
  ' 3d5.9oc.3d2 9j gur ag gkj b8 hgh 3k h7j k hij e9 hwv mq ild u bp6 rs jee cx bi9 gw k7u 3x bmi 1c dhf 61 kfi dm' +
  ' bs3 1q kv1 10y lu0 km 3cy.3fy.ffs 174 npw 10n or9 no kcw 6 kcv 12 bp1 b kcz 12 kd4 q ph8 2u kdf pk q6l 76 qif' +
  ' rh dyu g5 rq4 83 ry7 38 s11 8d s8v c7 slq k0 t65 cp 3dc.9oc.3cy.3d8 8x trr td ul4 oa v9e 3z vdd i0v idq 1i1y' +
  ' gll';
