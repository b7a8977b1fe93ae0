/* `hypotf` of newer C libraries has a version of its own (GLIBC_2.35), and Lambda's library is older (2.34): a program that was linked
   on a newer system would not start there. The same formula as in glibc since 2.35, so that pictures have the same bytes everywhere. */
#include <math.h>

float hypotf(float x, float y) {
  if (isinf(x) || isinf(y)) return INFINITY;
  return (float)sqrt((double)x * x + (double)y * y);
}
