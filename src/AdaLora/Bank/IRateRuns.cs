using TorchSharp.Modules;

namespace AdaLora.Bank;

/// <summary>An optimiser that can train runs of a parameter's entries with different learning rates.</summary>
internal interface IRateRuns
{
    /// <summary>From now on, each run has its multiple of the learning rate of the parameter's group. Must be called again after the parameter's entries have changed in number.</summary>
    /// <param name="parameter">A parameter with one dimension.</param>
    /// <param name="runs">Covering all its entries in order; none for one learning rate.</param>
    void UseRates(Parameter parameter, IReadOnlyList<RateRun> runs);
}
