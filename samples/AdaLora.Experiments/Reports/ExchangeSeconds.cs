namespace AdaLora.Experiments.Reports;

/// <summary>What a process spent on the others that shared a run, in seconds.</summary>
/// <param name="Waited">Until the others had come as far.</param>
/// <param name="Transferred">On exchanging data.</param>
internal sealed record ExchangeSeconds(double Waited, double Transferred);
