using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Benchmarks;

/// <summary>
/// Importance, mask and regulariser matrix by matrix as the published implementations do it, written in TorchSharp: penalty through autograd, importance in three dictionaries, scores
/// gathered by name, the threshold read by kthvalue.
/// </summary>
internal sealed class MatrixByMatrix : IDisposable
{
    private const double Beta = 0.85;
    private readonly IReadOnlyList<Tensor[]> _parameters;
    private readonly Dictionary<Tensor, (Tensor Ipt, Tensor Unc)> _averages = new(ReferenceEqualityComparer.Instance);
    private readonly IReadOnlyList<Tensor> _gradients;
    private readonly int _budget;

    public MatrixByMatrix(IReadOnlyList<(int Out, int In)> shapes, int rank)
    {
        _parameters = [.. shapes.Select(s => (Tensor[])[randn(rank, s.In).MulInPlace(0.02), randn(rank, 1).MulInPlace(0.02), randn(s.Out, rank).MulInPlace(0.02)])];
        foreach (var parameter in _parameters.SelectMany(p => p))
        {
            parameter.requires_grad_(true);
            parameter.grad = zeros_like(parameter);
            _averages.Add(parameter, (zeros_like(parameter), zeros_like(parameter)));
        }

        _gradients = [.. _parameters.SelectMany(p => p).Select(p => randn_like(p))];
        _budget = Math.Max(1, shapes.Count * rank / 3);
    }

    public void Dispose()
    {
        foreach (var tensor in _averages.SelectMany(a => (Tensor[])[a.Key, a.Value.Ipt, a.Value.Unc]).Concat(_gradients))
            tensor.Dispose();
    }

    /// <summary>Resets the gradients; penalties add to them.</summary>
    public void TakeGradients()
    {
        using var noGrad = no_grad();
        foreach (var (parameter, gradient) in _parameters.SelectMany(p => p).Zip(_gradients))
            parameter.grad!.copy_(gradient);
    }

    public void Step()
    {
        using var scope = NewDisposeScope();
        Penalty().backward();
        using var noGrad = no_grad();
        foreach (var parameter in _parameters.SelectMany(p => p))
            Update(parameter);
        Mask();
    }

    private Tensor Penalty()
    {
        var sum = zeros(1);
        var count = 0;
        foreach (var matrix in _parameters.SelectMany(p => (Tensor[])[p[0].mm(p[0].t()), p[2].t().mm(p[2])]))
        {
            sum = sum.Add(linalg.norm(matrix - eye(matrix.shape[0]), ord: "fro"));
            count++;
        }

        return sum.Div(count).Mul(0.1);
    }

    private void Update(Tensor parameter)
    {
        var (ipt, unc) = _averages[parameter];
        var now = (parameter * parameter.grad!).abs().detach();
        ipt.copy_(ipt.Mul(Beta).Add(now.Mul(1 - Beta)));
        unc.copy_(unc.Mul(Beta).Add((now - ipt).abs().Mul(1 - Beta)));
    }

    private void Mask()
    {
        var scores = _parameters.Select(p => Score(p[1]).view(-1).Add(Score(p[0]).mean([1])).Add(Score(p[2]).mean([0]))).ToList();
        var threshold = cat([.. scores]).kthvalue(_budget, 0).values.item<float>();
        foreach (var (parameters, score) in _parameters.Zip(scores))
            parameters[1].MaskedFillInPlace(score.Le(threshold).view(-1, 1), 0);
    }

    private Tensor Score(Tensor parameter) => _averages[parameter].Ipt * _averages[parameter].Unc;
}
