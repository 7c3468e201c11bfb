namespace AdaLora.Allocation;

/// <summary>Which norm of the deviation from orthogonality is penalised. C_P = P'P - I and C_Q = QQ' - I for each of n matrices.</summary>
public enum OrthogonalityForm
{
    /// <summary>Mean of the 2n Frobenius norms of C_P and C_Q, not squared, as in the published code and PEFT. The default.</summary>
    MeanNorm,

    /// <summary>Sum over the matrices of the squared Frobenius norms, equation 4 of the paper.</summary>
    SumOfSquares,
}
