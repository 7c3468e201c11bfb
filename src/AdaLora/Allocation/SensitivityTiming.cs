namespace AdaLora.Allocation;

/// <summary>Which weights the sensitivity abs(w·g) is computed on. The gradient is that of the step in both cases.</summary>
public enum SensitivityTiming
{
    /// <summary>The weights after the optimiser step, with t counted from 0, as in the published code and PEFT. The default.</summary>
    AfterOptimizerStep,

    /// <summary>The weights before the optimiser step, with t counted from 1: Algorithm 1 of the paper.</summary>
    BeforeOptimizerStep,
}
