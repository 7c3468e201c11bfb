namespace AdaLora.Tests.Training.Optimizers;

/// <summary>PyTorch's AdamW of one parameter in double precision, as in its documentation.</summary>
internal sealed class AdamReference(double[] weights)
{
    private readonly double[] _means = new double[weights.Length];
    private readonly double[] _squares = new double[weights.Length];
    private int _steps;

    public double[] Weights { get; } = [.. weights];

    public void Step(double[] gradients, double rate, double beta1, double beta2, double epsilon, double decay)
    {
        _steps++;
        for (var i = 0; i < Weights.Length; i++)
        {
            Weights[i] -= rate * decay * Weights[i];
            _means[i] = (beta1 * _means[i]) + ((1 - beta1) * gradients[i]);
            _squares[i] = (beta2 * _squares[i]) + ((1 - beta2) * gradients[i] * gradients[i]);
            var mean = _means[i] / (1 - Math.Pow(beta1, _steps));
            var square = _squares[i] / (1 - Math.Pow(beta2, _steps));
            Weights[i] -= rate * mean / (Math.Sqrt(square) + epsilon);
        }
    }
}
