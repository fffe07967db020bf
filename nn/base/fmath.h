/* Elementary functions of the numeric path: ours, made of IEEE-exact operations (add, multiply, divide, sqrt, bit moves,
 * no contraction), so that the bits are the same with every compiler, libm and vector width. All are branch-free static
 * inlines that compilers turn into vector code. In MODE=dbl they are libm's, since that build only checks gradients.
 *
 *   r_exp r_log r_tanh r_sigmoid r_softplus: real -> real;   r_sincos(x, &s, &c): |x| <= 2 pi;   r_sqrt
 *   d_exp d_log d_cos: the same in double, for schedules and metrics;   d_powi(x, n): integer power
 * Error bounds (tested against double libm over a dense sweep) stand beside each definition. */
